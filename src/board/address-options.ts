/** Reading the options that say where the broker is and who we are. */

import { anything, type Reader, type ReadersOf, text, wrong } from '../base/options.ts'
import type { Address } from '../wire/connection.ts'

/** May be anything but is never shown. */
const secret: Reader<string> = (value) => (typeof value === 'string' ? value : wrong('it must be text'))

const tlsOptions: Reader<NonNullable<Address['tls']>> = (value) =>
  typeof value === 'object' && value !== null ? (value as NonNullable<Address['tls']>) : wrong('it must be an object')

const prefix: Reader<string> = (value) =>
  typeof value === 'string' && /^[\w-]+(\.[\w-]+)*$/.test(value)
    ? value
    : wrong('it must be parts of A-Z a-z 0-9 _ - joined by single dots')

/** Addresses to be asked over HTTP: a list, or a text with commas between. */
export const httpAddresses: Reader<string | readonly string[]> = (value) => {
  const given = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : []
  const good = given.length > 0 && given.every((each) => typeof each === 'string' && /^https?:\/\/[^/]/.test(each) && URL.canParse(each))
  return good ? given : wrong('it must be http:// or https:// addresses')
}

/** How they are read. */
export const addressReaders = {
  servers: anything<string | readonly string[]>(),
  name: text,
  user: secret,
  password: secret,
  token: secret,
  credentials: text,
  nkey: secret,
  tls: tlsOptions,
  inboxPrefix: prefix,
  dial: (value) => (typeof value === 'function' ? (value as NonNullable<Address['dial']>) : wrong('it must be a function')),
} satisfies ReadersOf<Address>
