/** A form from a JSON Schema: the simple fields of an object; whatever is not simple is written as JSON beside it. */

import type { JsonSchema } from '../../contracts.ts'
import { visible } from '../text.ts'

interface FieldProps {
  readonly schema: JsonSchema
  readonly value: unknown
  readonly set: (value: unknown) => void
  readonly label: string
}

/** The fields of an object. */
export function Fields({ schema, value, set }: FieldProps) {
  const properties = Object.entries(schema.properties ?? {}).slice(0, 40)
  const object = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>
  const simple = properties.filter(([, each]) => kind(each) !== undefined)
  if (simple.length === 0) return null
  return (
    <div class="stack">
      {simple.map(([name, each]) => (
        <Field
          key={name}
          label={schema.required?.includes(name) ? name : `${name} (optional)`}
          schema={each}
          value={object[name]}
          set={(next) => {
            const { [name]: _, ...rest } = object
            set(next === undefined ? rest : { ...object, [name]: next })
          }}
        />
      ))}
    </div>
  )
}

function kind(schema: JsonSchema): 'choice' | 'flag' | 'number' | 'text' | undefined {
  if (schema.enum) return 'choice'
  if (schema.type === 'boolean') return 'flag'
  if (schema.type === 'number' || schema.type === 'integer') return 'number'
  return schema.type === 'string' ? 'text' : undefined
}

function Field({ schema, value, set, label }: FieldProps) {
  const what = kind(schema)
  if (what === 'flag')
    return (
      <label class="row">
        <input type="checkbox" checked={value === true} onChange={(event) => set(event.currentTarget.checked)} />
        {visible(label, 80)}
      </label>
    )
  if (what === 'choice')
    return (
      <label class="field">
        {visible(label, 80)}
        <select value={JSON.stringify(value)} onChange={(event) => set(JSON.parse(event.currentTarget.value))}>
          {schema.enum?.map((each) => (
            <option key={JSON.stringify(each)} value={JSON.stringify(each)}>
              {visible(String(each), 80)}
            </option>
          ))}
        </select>
      </label>
    )
  return (
    <label class="field">
      {visible(label, 80)}
      <input
        inputMode={what === 'number' ? 'decimal' : 'text'}
        value={value === undefined ? '' : String(value)}
        onInput={(event) => {
          const typed = event.currentTarget.value
          const number = typed.trim() === '' ? undefined : Number(typed)
          // What is no number is sent as it was typed, and refused in words.
          set(what === 'number' && !Number.isNaN(number) ? number : typed)
        }}
      />
      {schema.description ? <small>{visible(schema.description, 200)}</small> : null}
    </label>
  )
}

/** A value that fits, to begin with. Pure. */
export function example(schema: JsonSchema | undefined, depth = 0): unknown {
  if (!schema || depth > 6) return {}
  if (schema.default !== undefined) return schema.default
  if (schema.examples?.[0] !== undefined) return schema.examples[0]
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  if (type === 'object' || schema.properties) {
    const wanted = Object.entries(schema.properties ?? {}).filter(([name]) => schema.required?.includes(name) ?? true)
    return Object.fromEntries(wanted.map(([name, each]) => [name, example(each, depth + 1)]))
  }
  if (type === 'array') return schema.items ? [example(schema.items, depth + 1)] : []
  if (type === 'number' || type === 'integer') return typeof schema.minimum === 'number' ? schema.minimum : 1
  if (type === 'boolean') return false
  if (type === 'null') return null
  const formats: Readonly<Record<string, string>> = {
    email: 'ann@example.org',
    'date-time': '2026-01-31T09:00:00Z',
    date: '2026-01-31',
    uri: 'https://example.org/',
    uuid: '7f4df8e8-6f0a-4f0e-9a57-0d9f3c1b2a10',
  }
  return formats[schema.format ?? ''] ?? (type === 'string' ? 'text' : {})
}
