/** `callboard config`: what the verbs would use, and who says so. No broker is asked. */

import { fromEnvironment } from '../../board/environment.ts'
import type { BoardOptions } from '../../index.ts'
import type { Call } from '../cli/call.ts'
import { boardOf, usedContext, withoutSecrets } from '../cli/context.ts'
import { type Column, table } from '../cli/table.ts'

/** One setting. */
export interface Setting {
  readonly name: string
  /** Undefined: nothing is set. What is secret is shown as `(set)`. */
  readonly value?: string
  /** `--url`, `CALLBOARD_URL`, `context staging`, or `default`. */
  readonly from: string
  /** Where it could have been said, what wins first. */
  readonly order: readonly string[]
}

/** Those who may say something, the first that does wins. */
interface Layer {
  readonly from: (name: string) => string
  readonly values: Readonly<Record<string, unknown>>
}

const flagOf: Readonly<Record<string, string>> = {
  servers: '--url',
  namespace: '--namespace',
  credentials: '--creds',
  user: '--user',
  contracts: '--contracts',
}
const variables: Readonly<Record<string, readonly string[]>> = {
  servers: ['CALLBOARD_URL', 'NATS_URL'],
  namespace: ['CALLBOARD_NAMESPACE'],
  credentials: ['CALLBOARD_CREDS', 'NATS_CREDS'],
  monitor: ['CALLBOARD_MONITOR'],
  contracts: ['CALLBOARD_CONTRACTS'],
  password: ['CALLBOARD_PASSWORD'],
}
const defaults: Readonly<Record<string, string>> = { servers: 'nats://127.0.0.1:4222', namespace: 'callboard' }
const secret = new Set(['password', 'token', 'nkey'])
const names = ['servers', 'namespace', 'credentials', 'user', 'password', 'token', 'nkey', 'tls', 'inboxPrefix', 'monitor', 'contracts']

/** What is in effect, setting by setting. Throws UsageError for a context that is not there. */
export function explained(call: Pick<Call, 'flag' | 'host'>): Setting[] {
  const { env } = call.host
  const said = fromEnvironment(env)
  const wanted = call.flag('context') ?? (env.CALLBOARD_CONTEXT || undefined)
  const used = call.flag('url') === undefined && said.servers === undefined ? usedContext(env) : undefined
  const context = (name: string | undefined): Layer => ({
    from: () => `context ${name}`,
    values: name === undefined ? {} : { ...(boardOf(env, name) as BoardOptions) },
  })
  const flags: Layer = {
    from: (name) => flagOf[name] ?? '',
    values: Object.fromEntries(Object.entries(flagOf).map(([name, flag]) => [name, call.flag(flag.slice(2))])),
  }
  const own = { contracts: env.CALLBOARD_CONTRACTS, ...(call.flag('user') ? { password: env.CALLBOARD_PASSWORD } : {}) }
  const environment = (values: object): Layer => ({
    from: (name) => variables[name]?.find((each) => env[each]) ?? '',
    values: { ...values, ...own },
  })
  // A context that is named is whole: of the environment only the namespace is left, where the context says none.
  const layers =
    wanted === undefined
      ? [flags, environment(said), context(used)]
      : [flags, context(wanted), environment(said.namespace ? { namespace: said.namespace } : {})]
  return [
    {
      name: 'context',
      from: contextFrom(call, wanted, used),
      order: ['--context', 'CALLBOARD_CONTEXT', 'contexts use'],
      ...some(wanted ?? used),
    },
    ...names.flatMap((name) => settingOf(name, layers, wanted !== undefined)),
  ]
}

const some = (value: string | undefined): { value?: string } => (value === undefined ? {} : { value })

function contextFrom(call: Pick<Call, 'flag'>, wanted: string | undefined, used: string | undefined): string {
  if (call.flag('context') !== undefined) return '--context'
  return wanted !== undefined ? 'CALLBOARD_CONTEXT' : used === undefined ? 'default' : 'contexts use'
}

function settingOf(name: string, layers: readonly Layer[], whole: boolean): Setting[] {
  const layer = layers.find(({ values }) => values[name] !== undefined && values[name] !== '')
  const order = [
    ...(flagOf[name] ? [flagOf[name]] : []),
    ...(whole ? ['context', ...(variables[name] ?? [])] : [...(variables[name] ?? []), 'context']),
    ...(defaults[name] ? ['default'] : []),
  ]
  const value = layer?.values[name]
  if (value === undefined) return defaults[name] ? [{ name, value: defaults[name], from: 'default', order }] : []
  return [{ name, value: secret.has(name) ? '(set)' : shown(value), from: layer?.from(name) ?? '', order }]
}

const shown = (value: unknown): string => withoutSecrets(typeof value === 'string' ? value : JSON.stringify(value))

/** `callboard config`. */
export async function config(call: Call): Promise<undefined> {
  const rows = explained(call)
  const columns: readonly Column<Setting>[] = [
    { head: 'SETTING', field: 'name' },
    { head: 'VALUE', field: 'value', text: ({ value = '–' }) => value },
    ...(call.on('explain')
      ? ([
          { head: 'FROM', field: 'from', style: () => 'yellow' },
          { head: 'ASKED FOR IN THIS ORDER', field: 'order', text: ({ order }) => order.join(', '), spare: 1 },
        ] as const satisfies readonly Column<Setting>[])
      : []),
  ]
  return call.show(rows, () => table(columns, rows, call.out))
}
