/**
 * Whether the tests run as somebody who has the rights of all four roles and no more, on whatever namespace: with CALLBOARD_TEST_ROLES set,
 * `openBoard` logs in so. What connects to the broker without it is all-powerful as ever.
 */

import { permissions, together } from '../../src/extras/permissions/index.ts'
import { rolesInbox } from './roles-inbox.ts'

const namespace = 'somewhere'
/** What lies under a namespace: with a wildcard in its place, `>` behind it would be all there is on the broker. */
const kinds = 'topic redriven own ownredriven task later due schedule table live object dead ledger desk'.split(' ')

/** The block of such a user in the configuration of the server. */
export function rolesUser(name: string, password: string): string {
  const all = (['operator', 'producer', 'worker', 'reader'] as const).map((role) =>
    permissions('all', role, { namespace, inboxPrefix: rolesInbox }),
  )
  const [first, ...others] = all as [(typeof all)[number], ...typeof all]
  const { publish, subscribe } = together(first, ...others)
  const anywhere = (subject: string): string[] => {
    if (subject === `${namespace}.>`) return kinds.map((kind) => `*.${kind}.>`)
    const parts = subject.split('.').map((part) => (part === namespace || part.startsWith(`${namespace.toUpperCase()}_`) ? '*' : part))
    return [parts.join('.')]
  }
  const list = (subjects: readonly string[]) =>
    `[${[...new Set(subjects.flatMap(anywhere))].map((each) => JSON.stringify(each)).join(', ')}]`
  return `{ user: ${name}, password: "${password}", permissions {
    publish { allow: ${list(publish)} }
    subscribe { allow: ${list(subscribe)} }
    allow_responses { max: 1, expires: "1m" }
  } }`
}
