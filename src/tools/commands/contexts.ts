/** `callboard contexts …`: named servers. No broker is asked. */

import type { Call } from '../cli/call.ts'
import { addContext, type Context, contexts, removeContext, useContext } from '../cli/context.ts'
import { type Column, table } from '../cli/table.ts'
import { UsageError } from '../cli/usage.ts'

const columns: readonly Column<Context>[] = [
  { head: '', field: 'used', text: ({ used }) => (used ? '●' : ''), style: () => 'green' },
  { head: 'CONTEXT', field: 'name' },
  { head: 'URL', field: 'url' },
  { head: 'NAMESPACE', field: 'namespace', spare: 1 },
  { head: 'FROM', field: 'from', spare: 2 },
  { head: 'DESCRIPTION', field: 'description', spare: 3 },
]

/** `callboard contexts`. */
export async function list(call: Call): Promise<undefined> {
  const rows = contexts(call.host.env)
  return call.show(rows, () => (rows.length === 0 ? ['no contexts'] : table(columns, rows, call.out)))
}

/** `callboard contexts add <name>`. */
export async function add(call: Call): Promise<undefined> {
  const [name = ''] = call.args
  const url = call.flag('url')
  if (url === undefined) throw new UsageError('It is not said where the broker is.', 'Say --url nats://host:4222.')
  const { CALLBOARD_PASSWORD: password } = call.host.env
  const user = call.flag('user')
  const said = { url, namespace: call.flag('namespace'), creds: call.flag('creds'), user, description: call.flag('description') }
  const content = Object.fromEntries(Object.entries({ ...said, ...(user && password ? { password } : {}) }).filter(([, value]) => value))
  addContext(call.host.env, name, content)
  return call.show({ name, added: true }, () => [`${name} is kept; callboard contexts use ${name} makes it the one that is used`])
}

/** `callboard contexts use [name]`. */
export async function use(call: Call): Promise<undefined> {
  const [name] = call.args
  useContext(call.host.env, name)
  return call.show({ used: name ?? null }, () => [name === undefined ? 'no context is used' : `${name} is used from now on`])
}

/** `callboard contexts remove <name>`. */
export async function remove(call: Call): Promise<number> {
  const [name = ''] = call.args
  if (!(await call.sure(`Remove the context ${name}?`))) return 0
  const removed = removeContext(call.host.env, name)
  call.show({ name, removed }, () => [removed ? `${name} is removed` : `there is no context ${name} of ours`])
  return removed ? 0 : 5
}
