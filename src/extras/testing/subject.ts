/** Subjects as the broker compares them: dotted tokens, `*` for one and `>` for the rest. Pure. */

const star = 42
const rest = 62

/** Whether a subject, which may itself have wildcards, lies within a pattern. Asked for every message: it makes nothing. */
export function covers(pattern: string, subject: string): boolean {
  if (pattern === subject) return true
  for (let i = 0, j = 0; ; ) {
    const wide = ending(pattern, i)
    if (wide - i === 1 && pattern.charCodeAt(i) === rest) return j < subject.length
    const narrow = ending(subject, j)
    if (narrow - j === 1 && subject.charCodeAt(j) === rest) return false
    const any = wide - i === 1 && pattern.charCodeAt(i) === star
    if (!any && !same(pattern, i, wide, subject, j, narrow)) return false
    i = wide + 1
    j = narrow + 1
    if (i > pattern.length || j > subject.length) return i > pattern.length && j > subject.length
  }
}

function ending(text: string, from: number): number {
  const at = text.indexOf('.', from)
  return at < 0 ? text.length : at
}

function same(a: string, i: number, until: number, b: string, j: number, end: number): boolean {
  if (until - i !== end - j) return false
  for (let k = 0; i + k < until; k++) if (a.charCodeAt(i + k) !== b.charCodeAt(j + k)) return false
  return true
}

/** Whether some subject lies within both patterns. */
export function overlaps(a: string, b: string): boolean {
  const one = a.split('.')
  const other = b.split('.')
  for (let i = 0; ; i++) {
    const [x, y] = [one[i], other[i]]
    if (x === '>' || y === '>') return x !== undefined && y !== undefined
    if (x === undefined || y === undefined) return x === y
    if (x !== y && x !== '*' && y !== '*') return false
  }
}

/** Whether it names one place and no pattern. */
export const isLiteral = (subject: string): boolean => subject.split('.').every((token) => token !== '' && token !== '*' && token !== '>')

/** A test for several patterns, made once. None: everything matches. */
export function matcher(patterns: readonly string[]): (subject: string) => boolean {
  if (patterns.length === 0) return () => true
  const known = new Map<string, boolean>()
  return (subject) => {
    let found = known.get(subject)
    if (found === undefined) {
      found = patterns.some((pattern) => covers(pattern, subject))
      if (known.size < 10_000) known.set(subject, found)
    }
    return found
  }
}
