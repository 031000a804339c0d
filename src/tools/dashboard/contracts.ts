/** Contracts as data: schemas, and the AsyncAPI 3 document of all of them. Pure. */

import type { Task, Topic } from '../../index.ts'

/** A contract that was given to the dashboard. */
export type Contract = Topic<never, unknown> | Task<never, unknown, unknown, boolean, never>

/** A contract as it is shown. */
export interface ContractView {
  readonly kind: 'topic' | 'task'
  readonly name: string
  readonly queue?: string
  readonly lanes?: readonly string[]
  readonly encoding: string
  /** JSON Schema of what is said. Undefined: there is no schema, or its library does not tell. */
  readonly schema?: JsonSchema
  readonly output?: JsonSchema
  /** Whether what is said is checked. */
  readonly checked: boolean
}

/** JSON Schema, as far as a form needs to know. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly default?: unknown
  readonly format?: string
  readonly description?: string
  readonly examples?: readonly unknown[]
  readonly [key: string]: unknown
}

/** A contract, described. */
export function view(contract: Contract): ContractView {
  const common = { kind: contract.kind, name: contract.name, encoding: contract.encoding }
  if (contract.kind === 'topic') {
    const schema = schemaOf(contract.schema, 'input')
    return { ...common, checked: contract.schema !== undefined, ...(schema ? { schema } : {}) }
  }
  const schema = schemaOf(contract.input, 'input')
  const output = schemaOf(contract.output, 'output')
  return {
    ...common,
    queue: contract.queue,
    lanes: contract.lanes,
    checked: contract.input !== undefined,
    ...(schema ? { schema } : {}),
    ...(output ? { output } : {}),
  }
}

interface Convertible {
  readonly '~standard'?: { readonly jsonSchema?: Readonly<Record<'input' | 'output', (options: { target: string }) => unknown>> }
}

/** By the part of Standard Schema that tells JSON Schema; not every library has it, and not every schema can be told. */
function schemaOf(schema: unknown, side: 'input' | 'output'): JsonSchema | undefined {
  try {
    return (schema as Convertible | undefined)?.['~standard']?.jsonSchema?.[side]({ target: 'draft-2020-12' }) as JsonSchema | undefined
  } catch {
    return undefined
  }
}

/**
 * The AsyncAPI 3.0 document: a channel for each topic and queue, what this namespace's services receive there, and what may be sent.
 *
 * source: asyncapi.com/docs/reference/specification/v3.0.0
 */
export function asyncapi(
  contracts: readonly ContractView[],
  { namespace, version }: { readonly namespace: string; readonly version: string },
) {
  const channels: Record<string, unknown> = {}
  const operations: Record<string, unknown> = {}
  const messages: Record<string, unknown> = {}
  for (const each of contracts) {
    const key = `${each.kind}.${each.name}`.replace(/[^\w.-]/g, '_')
    messages[key] = {
      name: each.name,
      title: each.name,
      contentType: each.encoding === 'json' ? 'application/json' : 'application/msgpack',
      payload: each.schema ?? true,
    }
    channels[key] = {
      address: each.kind === 'topic' ? `${namespace}.topic.${each.name}` : `${namespace}.task.${each.queue}.${each.name}`,
      title: each.name,
      description:
        each.kind === 'topic'
          ? 'Implicit: every service that subscribed gets a copy of each event.'
          : `Explicit: exactly one worker performs each task. Waits in the queue ${each.queue}.`,
      messages: { [key]: { $ref: `#/components/messages/${key}` } },
    }
    const channel = { $ref: `#/channels/${key}` }
    const inside = [{ $ref: `#/channels/${key}/messages/${key}` }]
    const verb = each.kind === 'topic' ? ['publish', 'subscribe'] : ['enqueue', 'perform']
    operations[`${verb[0]}.${key}`] = { action: 'send', channel, messages: inside, title: `${verb[0]} ${each.name}` }
    operations[`${verb[1]}.${key}`] = {
      action: 'receive',
      channel,
      messages: inside,
      title: `${verb[1]} ${each.name}`,
      ...(each.kind === 'task' ? { bindings: { nats: { queue: each.name } } } : {}),
    }
  }
  return {
    asyncapi: '3.0.0',
    info: { title: `callboard ${namespace}`, version, description: 'Topics are implicit invocation, tasks are explicit invocation.' },
    defaultContentType: 'application/msgpack',
    channels,
    operations,
    components: { messages },
  }
}
