/** Where we are: everything of a view stands in the address, behind the `#`, so it can be shared and gone back from. */

import { computed, signal } from '@preact/signals'

/** A place: a screen and what it shows. */
export interface Place {
  readonly screen: string
  readonly params: Readonly<Record<string, string>>
}

/** Reads an address: `#/dead?q=queue:mail`. */
export function parse(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s)
  return { screen: path || 'stage', params: Object.fromEntries(new URLSearchParams(query)) }
}

/** Writes an address. What is empty is left out. */
export function address(screen: string, params: Readonly<Record<string, string | undefined>> = {}): string {
  const said = Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '')
  const query = new URLSearchParams(said).toString()
  return `#/${screen}${query === '' ? '' : `?${query}`}`
}

const hash = signal(location.hash)

addEventListener('hashchange', () => {
  hash.value = location.hash
})

/** Where we are now. */
export const place = computed(() => parse(hash.value))

/** Goes to a place. */
export function go(screen: string, params: Readonly<Record<string, string | undefined>> = {}): void {
  location.hash = address(screen, params)
}

/** Changes some of what the screen shows, without another step to go back. */
export function change(params: Readonly<Record<string, string | undefined>>): void {
  const { screen, params: now } = place.value
  history.replaceState(null, '', address(screen, { ...now, ...params }))
  hash.value = location.hash
}
