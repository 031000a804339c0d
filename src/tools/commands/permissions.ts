/** `callboard permissions`: what the broker must allow a role, from the contracts of a module. */

import type { Role } from '../../index.ts'
import type { Call } from '../cli/call.ts'
import { given } from '../cli/call.ts'
import { UsageError } from '../cli/usage.ts'

/** `callboard permissions --contracts <file> --role <role>`. */
export async function permissions(call: Call): Promise<undefined> {
  const [{ topics, tasks }, extra] = await Promise.all([call.contracts(), import('../../extras/permissions/index.ts')])
  if (topics.size + tasks.size === 0)
    throw new UsageError('There are no contracts to give permissions on.', 'Name the module that exports them: --contracts ./contracts.ts')
  const role = call.flag('role')
  if (role === undefined) throw new UsageError('--role is missing.', 'Say --role producer, worker, reader or operator.')
  const { namespace } = call.address()
  const made = extra.permissions([...topics.values(), ...tasks.values()], role as Role, given({ namespace, service: call.flag('service') }))
  return call.show({ inboxPrefix: made.inboxPrefix, ...made.claims() }, () => [
    `# callboard({ inboxPrefix: '${made.inboxPrefix}' })`,
    made.config(),
  ])
}
