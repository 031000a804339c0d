/** Instants as the broker writes them. Pure. */

/** RFC 3339, without what is nothing. */
export const stamp = (ms: number): string => (ms === 0 ? '0001-01-01T00:00:00Z' : new Date(ms).toISOString().replace(/\.?0*Z$/, 'Z'))

/** Nanoseconds since 1970, as digits: more than a number holds. */
export const nanoseconds = (ms: number): string =>
  ms === 0 ? '0' : `${Math.floor(ms)}${String(Math.round((ms % 1) * 1e6)).padStart(6, '0')}`
