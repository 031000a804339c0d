/** Text and figures as they are shown. Pure. */

/** How much of a text is shown where there is little room. */
const most = 400

/**
 * A text of unknown origin, made visible: control characters, direction overrides, invisible characters and halves of
 * characters stand as their code, and what is too long is cut, with its length.
 */
export function visible(text: string, limit = most): string {
  const cut = text.length > limit ? text.slice(0, limit) : text
  const safe = cut.replace(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\ud800-\udfff]/gu,
    (character) => `⟨${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`,
  )
  return cut.length < text.length ? `${safe}… (${figure(text.length)} characters)` : safe
}

/** A count: `1,234`. */
export function figure(count: number | undefined): string {
  return count === undefined ? '–' : count.toLocaleString('en-US', { maximumFractionDigits: 0 })
}

/** A count where there is little room: `12.3k`. */
export function short(count: number): string {
  if (count < 10_000) return figure(count)
  const [unit, size] = count < 1e6 ? ['k', 1e3] : count < 1e9 ? ['M', 1e6] : ['G', 1e9]
  const value = count / Number(size)
  return `${value < 100 ? value.toFixed(1) : Math.round(value)}${unit}`
}

/** Per second: `12.4/s`. */
export function rate(perSecond: number | undefined): string {
  if (perSecond === undefined) return '–'
  return `${perSecond >= 100 ? figure(perSecond) : perSecond.toFixed(1)}/s`
}

/** A span of ms: `4 ms`, `1.2 s`, `3 min`, `2.5 h`, `4 d`. */
export function span(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return '–'
  if (ms < 0) return `−${span(-ms)}`
  if (ms < 1) return '<1 ms'
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`
  if (ms < 86_400_000) return `${(ms / 3_600_000).toFixed(ms < 36_000_000 ? 1 : 0)} h`
  return `${Math.round(ms / 86_400_000)} d`
}

/** Bytes: `1.4 MB`. */
export function bytes(size: number | undefined): string {
  if (size === undefined) return '–'
  if (size < 1_000) return `${size} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = size
  let unit = ''
  while (value >= 1_000 && units.length > 0) {
    value /= 1_000
    unit = units.shift() ?? ''
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`
}

/** The time of day with ms, and the day where it is another one. */
export function clock(at: number, now = Date.now()): string {
  const date = new Date(at)
  const time = `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`
  const today = new Date(now).toDateString() === date.toDateString()
  return today ? time : `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${time.slice(0, 8)}`
}

/** How long ago: `4 s ago`, `in 2 min`. */
export function ago(at: number | undefined, now: number): string {
  if (at === undefined) return '–'
  const gone = now - at
  if (Math.abs(gone) < 1_000) return 'now'
  return gone > 0 ? `${span(gone)} ago` : `in ${span(-gone)}`
}

/** A word for one or for many: `1 task`, `3 tasks`. */
export function many(count: number, one: string, more = `${one}s`): string {
  return `${figure(count)} ${count === 1 ? one : more}`
}

/** The beginning and end of an id, which tell ids apart. */
export function shortId(id: string): string {
  const safe = visible(id, 60)
  return safe.length > 18 ? `${safe.slice(0, 6)}…${safe.slice(-8)}` : safe
}
