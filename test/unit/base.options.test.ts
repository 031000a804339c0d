import { expect, test } from 'vitest'
import { anything, callable, flag, made, nearest, oneOf, type Reader, readOptions, text, time, whole } from '../../src/base/options.ts'

const readers = {
  timeout: time(1),
  attempts: whole(1, 100),
  priority: oneOf('high', 'normal', 'low'),
  track: flag,
  queue: text,
  listener: callable<() => void>(),
  schema: anything<object>(),
  key: made((value: string) => {
    if (value === 'bad') throw new Error('it must not be bad')
    return value.toUpperCase()
  }),
}

const read = (given: unknown) => readOptions('task("mail.send")', given, readers)

test('options come out as their readers made them', () => {
  const listener = () => {}
  const schema = {}
  const given = { timeout: '30s', attempts: 5, priority: 'high', track: false, queue: 'mail', listener, schema, key: 'ann' }
  expect(read(given)).toEqual({ timeout: 30_000, attempts: 5, priority: 'high', track: false, queue: 'mail', listener, schema, key: 'ANN' })
})

test.each([[undefined], [{}], [{ timeout: undefined }]])('%j leaves everything absent', (given) => {
  expect(Object.keys(read(given))).toEqual([])
})

test.each([
  [null, 'null'],
  [[], 'an array'],
  ['fast', '"fast"'],
  [5, '5'],
  [() => {}, 'a function'],
])('%j is no options object', (given, name) => {
  expect(() => read(given)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', what: `The options of task("mail.send") are ${name}, not an object.` }),
  )
})

test.each<[string, keyof typeof readers, unknown, string]>([
  ['a duration of nonsense', 'timeout', 'soon', 'timeout is "soon": It must be whole milliseconds'],
  ['a duration that is too short', 'timeout', 0, 'timeout is 0: it must be at least 1 ms'],
  ['a number that is too small', 'attempts', 0, 'attempts is 0: it must be a whole number from 1 to 100'],
  ['a number that is too large', 'attempts', 101, 'attempts is 101: it must be'],
  ['a fraction', 'attempts', 1.5, 'attempts is 1.5: it must be'],
  ['a number in quotes', 'attempts', '5', 'attempts is "5": it must be'],
  ['another word', 'priority', 'urgent', 'priority is "urgent": it must be one of high, normal, low'],
  ['something like a truth', 'track', 1, 'track is 1: it must be true or false'],
  ['empty text', 'queue', '', 'queue is "": it must be text that is not empty'],
  ['no function', 'listener', {}, 'listener is an object: it must be a function'],
  ['what its maker refuses', 'key', 'bad', 'key is "bad": it must not be bad'],
  ['null', 'queue', null, 'queue is null: it must be text'],
])('%s is refused by name and value', (_, name, value, sentence) => {
  expect(() => read({ [name]: value })).toThrow(
    expect.objectContaining({ code: 'INVALID_OPTION', what: expect.stringContaining(sentence) }),
  )
})

test('all complaints are made at once', () => {
  expect(() => read({ attempts: 0, tiemout: 5, track: 'yes', queue: 'mail' })).toThrow(
    expect.objectContaining({
      code: 'INVALID_OPTION',
      what:
        'The options of task("mail.send") cannot be used: there is no option "tiemout" (did you mean timeout?); ' +
        'attempts is 0: it must be a whole number from 1 to 100; track is "yes": it must be true or false.',
    }),
  )
})

test('unknown options alone are a code of their own', () => {
  expect(() => read({ retires: 3 })).toThrow(
    expect.objectContaining({ code: 'UNKNOWN_OPTION', what: expect.stringContaining('there is no option "retires"') }),
  )
})

test.each(['toString', 'constructor', 'hasOwnProperty'])('%s is no option, though every object has it', (name) => {
  expect(() => read({ [name]: 1 })).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION' }))
})

test('an option called __proto__ changes no object', () => {
  expect(() => read(JSON.parse('{ "__proto__": { "track": true } }'))).toThrow(expect.objectContaining({ code: 'UNKNOWN_OPTION' }))
  expect(({} as { track?: boolean }).track).toBeUndefined()
})

test('a value that is read may be undefined-like but never undefined', () => {
  const heard: unknown[] = []
  const listening: Reader<unknown> = (value) => heard.push(value)
  readOptions('x', { a: undefined, b: null, c: 0, d: '' }, { a: listening, b: listening, c: listening, d: listening })
  expect(heard).toEqual([null, 0, ''])
})

test.each<[string, readonly string[], string | undefined]>([
  ['tiemout', ['timeout', 'attempts'], 'timeout'],
  ['Timeout', ['timeout'], 'timeout'],
  ['delya', ['delay', 'display'], 'delay'],
  ['concurency', ['concurrency'], 'concurrency'],
  ['attempt', ['attempts', 'at'], 'attempts'],
  ['colour', ['timeout', 'attempts'], undefined],
  ['x', [], undefined],
])('nearest to %s in %j is %s', (word, known, near) => {
  expect(nearest(word, known)).toBe(near)
})
