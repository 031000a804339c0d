/**
 * The rights of a role on whatever contracts there are in a namespace: few subjects, whatever the number of contracts. Contracts of every shape
 * are given a name, and where it stands in their rights, anything may.
 */

import { pattern, queue, type Rightful, type Rights, type Role, rightsOf, task, topic } from '../../index.ts'

const any = 'any'

const tracked = { track: true, large: 'store' } as const
const shapes: readonly Rightful[] = [
  topic(any, { large: 'store' }),
  topic(any, { retention: { age: '1d' }, large: 'store' }),
  pattern(`${any}.>`),
  task(any, { ...tracked, queue: any, lanes: ['high', 'normal', 'low'] }),
  task(any, { ...tracked, queue: queue(any, { limit: { tasks: 1 } }) }),
  task(any, { queue: queue(any, { layout: 'log' }) }),
  task(any, { queue: queue(any, { partitions: 2 }) }),
  task<{ key: string }>(any, { queue: any, ordered: ({ key }) => key }),
]

/** What a role needs on all contracts of a namespace. `service`: whose subscriptions a worker works for; any, if none is named. */
export function rightsOnAll(role: Role, namespace: string, service: string | undefined): Rights {
  // A part of its own for every name, so that none of the namespace or service is taken for it.
  const named = rightsOf(shapes, role, namespace, service ?? any, true)
  const fixed = new Set([namespace, service])
  const opened = (subject: string) => {
    const parts = subject.split('.').map((part) => (!fixed.has(part) && /(^|[^a-z])any([^a-z]|$)/.test(part) ? '*' : part))
    if (parts.at(-1) === '*') parts[parts.length - 1] = '>'
    return parts.join('.')
  }
  const few = (subjects: readonly string[]) => {
    const all = [...new Set(subjects.map(opened))]
    return all.filter((each) => !all.some((other) => other !== each && covers(other, each))).sort()
  }
  return { ...named, publish: few(named.publish), subscribe: few(named.subscribe) }
}

/** Whether a subject with wildcards allows all that another one does. */
export function covers(wide: string, narrow: string): boolean {
  const [a, b] = [wide.split('.'), narrow.split('.')]
  for (const [index, part] of a.entries()) {
    const other = b[index]
    if (other === undefined) return false
    if (part === '>') return true
    if (part !== '*' && part !== other) return false
    if (part === '*' && other === '>') return false
  }
  return a.length === b.length
}
