/**
 * The configuration file as the server gets it. Pure.
 *
 * The store folder given to the launcher must replace the one in the file. nats-server refuses `-sd` beside a `store_dir`
 * ("Duplicate 'store_dir' configuration"), so the value is replaced in a copy. Everything keeps its line, so that what the
 * server says about line 12 is true of the original.
 */

const storeKey = /(^|[\s{,;])(store_dir|storedir)(\s*[:=]\s*|[ \t]+)("[^"\n]*"|'[^'\n]*'|[^\s,;}#]+)/gim
const include = /^([ \t]*include[ \t]+)(["']?)([^"'\s]+)\2/gim

/** The copy to start the server with, or undefined if the file names no store folder and can be used as it is. */
export function withStore(text: string, store: string, absolute: (path: string) => string): string | undefined {
  if (text.search(storeKey) < 0) return undefined
  return text
    .replace(storeKey, (_, before: string, key: string, between: string) => `${before}${key}${between}${JSON.stringify(store)}`)
    .replace(include, (_, word: string, __, path: string) => `${word}${JSON.stringify(absolute(path))}`)
}
