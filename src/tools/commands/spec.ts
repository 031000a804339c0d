/** `callboard spec`: the AsyncAPI 3 document of the contracts of a module. */

import { ownVersion } from '../../board/worker.ts'
import type { Call } from '../cli/call.ts'
import { UsageError } from '../cli/usage.ts'
import { asyncapi, type Contract, view } from '../dashboard/contracts.ts'

/** `callboard spec --contracts <file>`. */
export async function spec(call: Call): Promise<undefined> {
  const { topics, tasks } = await call.contracts()
  const contracts = [...topics.values(), ...tasks.values()] as unknown as Contract[]
  if (contracts.length === 0)
    throw new UsageError('There are no contracts to describe.', 'Name the module that exports them: --contracts ./contracts.ts')
  const document = asyncapi(contracts.map(view), { namespace: call.address().namespace ?? 'callboard', version: ownVersion() })
  return call.show(document, () => [JSON.stringify(document, undefined, 2)])
}
