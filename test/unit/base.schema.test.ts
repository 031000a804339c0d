import { type } from 'arktype'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { type Checked, type Complaint, check, listed, looksLikeSchema, type Schema } from '../../src/base/schema.ts'

/** The same contract in three dialects: mail with a recipient, at most two copies, and a subject that is trimmed. */
const dialects: readonly [string, Schema][] = [
  [
    'zod',
    z.object({
      to: z.email(),
      subject: z.string().trim(),
      copies: z
        .array(z.object({ to: z.email() }))
        .max(2)
        .optional(),
    }),
  ],
  [
    'valibot',
    v.object({
      to: v.pipe(v.string(), v.email()),
      subject: v.pipe(v.string(), v.trim()),
      copies: v.optional(v.pipe(v.array(v.object({ to: v.pipe(v.string(), v.email()) })), v.maxLength(2))),
    }),
  ],
  ['arktype', type({ to: 'string.email', subject: 'string.trim', 'copies?': type({ to: 'string.email' }).array().atMostLength(2) })],
]

test.each(dialects)('%s is known as a schema', (_, schema) => {
  expect(looksLikeSchema(schema)).toBe(true)
})

test.each([[undefined], [null], [{}], [() => {}], ['~standard'], [{ parse: () => {} }]])('%s is no schema', (value) => {
  expect(looksLikeSchema(value)).toBe(false)
})

test.each(dialects)('%s gives what it makes of a good value', (_, schema) => {
  expect(check(schema, { to: 'ann@example.org', subject: ' Hello ' })).toEqual({ value: { to: 'ann@example.org', subject: 'Hello' } })
})

test.each(dialects)('%s names every field that is wrong, by its path', (_, schema) => {
  const checked = check(schema, { to: 'ann', subject: 5, copies: [{ to: 'bob@example.org' }, { to: 'carl' }] }) as {
    complaints: Complaint[]
  }
  expect(checked.complaints.map(({ path }) => path).sort()).toEqual(['copies[1].to', 'subject', 'to'])
  expect(checked.complaints.filter(({ message }) => message === '')).toEqual([])
})

test.each(dialects)('%s complains about the value itself with an empty path', (_, schema) => {
  expect(check(schema, 'mail')).toMatchObject({ complaints: [{ path: '' }] })
})

test('a schema that answers at once costs no turn of the event loop', () => {
  expect(check(z.string(), 'x')).not.toBeInstanceOf(Promise)
})

test.each<[string, Schema]>([
  ['zod', z.string().refine(async (text) => text !== 'taken', 'is taken')],
  [
    'valibot',
    v.pipeAsync(
      v.string(),
      v.checkAsync(async (text) => text !== 'taken', 'is taken'),
    ),
  ],
])('%s may take its time', async (_, schema) => {
  const checked = check(schema, 'taken')
  expect(checked).toBeInstanceOf(Promise)
  expect(await checked).toEqual<Checked>({ complaints: [{ path: '', message: 'is taken' }] })
  expect(await check(schema, 'free')).toEqual<Checked>({ value: 'free' })
})

test('complaints become one line', () => {
  const complaints = [
    { path: 'to', message: 'Invalid email' },
    { path: '', message: 'Too much' },
  ]
  expect(listed(complaints)).toBe('to: Invalid email; Too much')
  expect(listed([])).toBe('')
})
