/** Standard Schema, the one shape that zod, valibot, arktype and others share. Nothing here knows a vendor. */

import type { StandardSchemaV1 } from '@standard-schema/spec'

/** Any schema that speaks Standard Schema. */
export type Schema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>

/** What may be sent under a schema. */
export type InputOf<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : never
/** What a handler gets under a schema: after defaults and transformations. */
export type OutputOf<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : never

/** One thing that is wrong with a value. `path` is written as `items[2].price`, empty for the value itself. */
export interface Complaint {
  readonly path: string
  readonly message: string
}

/** The value a schema makes of an input, or all its complaints. */
export type Checked = { readonly value: unknown } | { readonly complaints: readonly Complaint[] }

/** Whether this is something with a Standard Schema. */
export function looksLikeSchema(value: unknown): value is Schema {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && '~standard' in value
}

/** Runs a schema. A promise only if the schema itself is asynchronous, so that the common case costs no turn of the event loop. */
export function check(schema: Schema, value: unknown): Checked | Promise<Checked> {
  const result = schema['~standard'].validate(value)
  return result instanceof Promise ? result.then(judged) : judged(result)
}

/** Complaints as one line: `to: Invalid email; subject: Required`. */
export function listed(complaints: readonly Complaint[]): string {
  return complaints.map((complaint) => (complaint.path ? `${complaint.path}: ${complaint.message}` : complaint.message)).join('; ')
}

function judged(result: StandardSchemaV1.Result<unknown>): Checked {
  if (result.issues === undefined) return { value: result.value }
  return { complaints: result.issues.map((issue) => ({ path: pathOf(issue.path ?? []), message: issue.message })) }
}

function pathOf(path: readonly (PropertyKey | { readonly key: PropertyKey })[]): string {
  let text = ''
  for (const part of path) {
    const key = typeof part === 'object' ? part.key : part
    text += typeof key === 'number' ? `[${key}]` : `${text ? '.' : ''}${String(key)}`
  }
  return text
}
