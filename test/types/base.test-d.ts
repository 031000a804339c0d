import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { Backoff } from '../../src/base/backoff.ts'
import type { Duration } from '../../src/base/duration.ts'
import type { ErrorCode } from '../../src/base/errors.ts'
import { flag, oneOf, readOptions, time } from '../../src/base/options.ts'
import type { InputOf, OutputOf } from '../../src/base/schema.ts'

test('a duration is milliseconds, or a number with a unit', () => {
  expectTypeOf<30 | '250ms' | '1.5m' | '2h' | '7d'>().toExtend<Duration>()
  expectTypeOf<'30'>().not.toExtend<Duration>()
  expectTypeOf<'3 weeks'>().not.toExtend<Duration>()
  expectTypeOf<'s'>().not.toExtend<Duration>()
})

test('a backoff is a duration, a range or a function', () => {
  expectTypeOf<'1s..5m' | '30s' | 250 | ((attempt: number) => Duration)>().toExtend<Backoff>()
  expectTypeOf<'soon'>().not.toExtend<Backoff>()
})

test('an error code is one of the registry', () => {
  expectTypeOf<'BUG'>().toExtend<ErrorCode>()
  expectTypeOf<'OOPS'>().not.toExtend<ErrorCode>()
})

test('options come out in the types of their readers, each of them perhaps absent', () => {
  const read = readOptions('x', {}, { wait: time(), loud: flag, size: oneOf('small', 'large') })
  expectTypeOf(read).toEqualTypeOf<{ wait?: number; loud?: boolean; size?: 'small' | 'large' }>()
})

test('a schema knows what may be sent, and what a handler gets', () => {
  const mail = z.object({ to: z.string(), copies: z.coerce.number().default(1) })
  expectTypeOf<InputOf<typeof mail>>().toEqualTypeOf<z.input<typeof mail>>()
  expectTypeOf<OutputOf<typeof mail>>().toEqualTypeOf<{ to: string; copies: number }>()
})
