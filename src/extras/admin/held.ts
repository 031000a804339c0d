/** What gates hold up: of all workers together, and in words. Pure. */

import type { WorkerFact } from '../../index.ts'
import type { Because, HoldView } from './model.ts'

type Told = WorkerFact['serves'][number]

/** The gates of all workers together, those that hold up most first. */
export function heldBy(serves: readonly Pick<Told, 'name' | 'holds'>[]): HoldView[] {
  const found = new Map<string, HoldView>()
  for (const { name, holds = [] } of serves)
    for (const hold of holds) {
      const id = JSON.stringify([name, hold.gate, hold.allows, hold.key])
      found.set(id, { name, ...hold, waiting: hold.waiting + (found.get(id)?.waiting ?? 0) })
    }
  return [...found.values()].sort((a, b) => b.waiting - a.waiting)
}

/** A gate in a few words, as a column has room for: `40 within 1s`, `3 at once for each key`. */
export const gateInShort = ({ gate, allows, key }: HoldView): string =>
  `${allows ?? `the gate ${gate}`}${key === undefined ? '' : ' for each key'}`

/** What is held at which gate, by what limit, for which keys; then what can be done. `load`: what comes before it in the sentence. */
export function whyGated(load: string, holds: readonly HoldView[] = [], gated = 0): Because {
  const [most] = holds
  if (most === undefined)
    return {
      code: 'gate',
      text: `${load}; ${gated} in hand wait at a gate that does not say what it allows.`,
      fix: 'Look at the gates of the handler.',
    }
  const gates = [...new Set(holds.map(({ gate }) => gate))]
  const text = gates.map((gate) => oneGate(holds.filter((each) => each.gate === gate))).join('; ')
  const rest = gated - holds.reduce((sum, { waiting }) => sum + waiting, 0)
  return {
    code: 'gate',
    text: `${load}; ${text}${rest > 0 ? `; ${rest} more wait at gates` : ''}.`,
    fix:
      most.allows === undefined
        ? 'Look at what the gate waits for.'
        : `callboard limits set ${quoted(most.gate)} ${flagFor(most.allows)}, or wait.`,
  }
}

const quoted = (name: string): string => (/^[\w.:#-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`)

const flagFor = (allows: string): string => (allows.includes('within') ? '--rate <count>/<time>' : '--concurrency <number>')

function oneGate(holds: readonly HoldView[]): string {
  const [first] = holds
  if (first === undefined) return ''
  const { gate, name, allows, key } = first
  const total = holds.reduce((sum, { waiting }) => sum + waiting, 0)
  const limit = allows === undefined ? '' : `, which allows ${allows}${key === undefined ? '' : ' for each key'}`
  const keys = holds.flatMap((each) => (each.key === undefined ? [] : [`${each.waiting} of ${JSON.stringify(each.key)}`]))
  return `${total} in hand of ${name} wait at the gate ${gate}${limit}${keys.length === 0 ? '' : `: ${keys.join(', ')}`}`
}
