/** Every test has the broker to itself: a namespace nobody used before, so nothing is cleaned up and everything runs at once. */

import { randomBytes } from 'node:crypto'

/** A fresh namespace. Lower case, because streams are named in upper case after it. */
export function namespace(): string {
  return `t${randomBytes(6).toString('hex')}`
}
