import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkedName,
  checkedNamespace,
  checkedWord,
  keyToken,
  lanes,
  names,
  performerName,
  subscriptionName,
  token,
  topicOf,
  untoken,
} from '../../src/wire/names.ts'

const letters = 'ABCXYZabcxyz0189-_'
const word = fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 12 }).filter((text) => !text.startsWith('_'))
const name = fc.array(word, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'))
const namespaces = word.map((text) => text.toLowerCase())
const pattern = fc
  .tuple(fc.array(fc.oneof(word, fc.constant('*')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([parts, open]) => [...parts, ...(open ? ['>'] : [])].join('.'))
const key = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.string({ minLength: 1, maxLength: 300 }),
  fc.constantFrom('-', '.', '*', '>', '%2D'),
)
const lane = fc.constantFrom(...lanes)

/** What may stand in a subject that is published to. */
const concrete = /^[^\s.*>\u0000-\u001f\u007f-\u00a0]+(\.[^\s.*>\u0000-\u001f\u007f-\u00a0]+)*$/u

describe('a name', () => {
  test.each(['a', 'mail.send', 'a-b_c.D9', 'constructor', 'toString', 'a.__proto__', 'x'.repeat(200)])('%s can be used', (legal) => {
    expect(checkedName('topic', legal)).toBe(legal)
  })

  test.each<[string, string, string]>([
    ['empty', '', 'must not be empty'],
    ['with a blank', 'a b', 'has the character " " at position 1'],
    ['with a command of the broker', 'a\r\nPUB x 1\r\n', 'has a control character at position 1'],
    ['with a tab', 'a\tb', 'control character'],
    ['with a vertical tab', 'a\u000bb', 'control character'],
    ['with a null', 'a\u0000', 'control character'],
    ['with a delete', 'a\u007f', 'control character'],
    ['a star', '*', 'contains a wildcard'],
    ['with a star for a part', 't.*', 'contains a wildcard'],
    ['with a star within a part', 'a*b', 'contains a wildcard'],
    ['with an open end', 't.>', 'contains a wildcard'],
    ['all there is', '>', 'contains a wildcard'],
    ['with an empty part', 'a..b', 'has an empty part'],
    ['that begins with a dot', '.a', 'has an empty part'],
    ['that ends with a dot', 'a.', 'has an empty part'],
    ['of the API of the broker', '$JS.API.STREAM.DELETE.x', 'begins with $'],
    ['of an inbox', '_INBOX.x', 'begins with _'],
    ['with a blank that does not break', 'a\u00a0b', 'has the character "\\u00a0" at position 1'],
    ['with a blank of no width', 'a\u200bb', 'position 1'],
    ['with a line separator', 'a\u2028b', 'position 1'],
    ['with a change of direction', 'a\u202eb', 'position 1'],
    ['with an accent', 'caf\u00e9', 'position 3'],
    ['with an accent of its own', 'cafe\u0301', 'position 4'],
    ['with a lone surrogate', 'a\ud800', 'position 1'],
    ['with half of a way up', '../../etc/passwd', 'has an empty part'],
    ['with a slash', 'a/b', 'has the character "/" at position 1'],
    ['with a backslash', 'a\\b', 'position 1'],
    ['with what stands for a dot in tokens', 'a~b', 'position 1'],
    ['with what stands for a star in tokens', 'a+b', 'position 1'],
  ])('%s is refused', (_, bad, why) => {
    expect(() => checkedName('topic', bad)).toThrow(expect.objectContaining({ code: 'INVALID_NAME', what: expect.stringContaining(why) }))
  })

  test.each([[undefined], [null], [5], [{}], [['a']], [Symbol('a')], [() => 'a']])('that is no text is refused: %s', (bad) => {
    expect(() => checkedName('topic', bad)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  test('that is too long is refused with its length', () => {
    expect(() => checkedName('topic', 'x'.repeat(5000))).toThrow(
      expect.objectContaining({ code: 'NAME_TOO_LONG', what: expect.stringContaining('5000 characters, the limit is 200') }),
    )
  })

  test('is shown in one printable line, however bad it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        try {
          checkedName('topic', text)
        } catch (error) {
          expect((error as Error).message).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/)
          expect((error as Error).message.length).toBeLessThan(500)
        }
      }),
    )
  })

  test('of a queue, service or namespace is one part', () => {
    expect(checkedWord('queue', 'mail')).toBe('mail')
    expect(() => checkedWord('queue', 'mail.fast')).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }))
  })

  test('of a namespace is in lower case', () => {
    expect(checkedNamespace('shop-1')).toBe('shop-1')
    expect(() => checkedNamespace('Shop')).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }))
  })
})

describe('a pattern', () => {
  test.each(['*', '>', 'a.*', 'a.*.b', 'a.>', '*.>'])('%s can be subscribed to', (legal) => {
    expect(checkedName('topic', legal, true)).toBe(legal)
  })

  test.each(['a*', 'a.b*', '>.a', 'a.>.b', '**', 'a..*', '*>', '$JS.>', ''])('%s is refused', (bad) => {
    expect(() => checkedName('topic', bad, true)).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }))
  })
})

describe('a token', () => {
  test.each([
    ['mail.send', 'mail~send'],
    ['books.*', 'books~+'],
    ['books.>', 'books~++'],
    ['*.*.>', '+~+~++'],
  ])('%s is %s', (given, made) => {
    expect([token(given), untoken(made)]).toEqual([made, given])
  })

  test('is one part of a subject, and gives back the name it was made of', () => {
    fc.assert(
      fc.property(fc.oneof(name, pattern), (given) => {
        expect(token(given)).toMatch(/^[A-Za-z0-9_~+-]+$/)
        expect(untoken(token(given))).toBe(given)
      }),
    )
  })
})

describe('the token of a key', () => {
  test.each([
    ['hello:ann', 'hello%3Aann'],
    ['a.b', 'a%2Eb'],
    ['-', '%2D'],
    ['--', '--'],
    ['*', '%2A'],
    ['>', '%3E'],
    ['Zoë', 'Zo%C3%AB'],
    ['__proto__', '__proto__'],
  ])('%s is %s', (given, made) => {
    expect(keyToken(given)).toBe(made)
  })

  test('is one short part of a subject, whatever the key', () => {
    fc.assert(
      fc.property(key, (given) => {
        expect(keyToken(given)).toMatch(/^[A-Za-z0-9_%=-]{1,100}$/)
        expect(keyToken(given)).not.toBe('-')
      }),
      { numRuns: 1000 },
    )
  })

  test('is another for another key', () => {
    fc.assert(
      fc.property(key, key, (one, other) => {
        expect(keyToken(one) === keyToken(other)).toBe(one === other)
      }),
      { numRuns: 1000 },
    )
  })

  test('of a long key is not the token of a short one', () => {
    const long = keyToken('x'.repeat(1000))
    expect(long).toHaveLength(44)
    expect(keyToken(long)).not.toBe(long)
    expect(keyToken(decodeURIComponent(long))).not.toBe(long)
  })

  test.each([[''], [undefined], [null], [5], ['\ud800']])('%j has none', (bad) => {
    expect(() => keyToken(bad as string)).toThrow(expect.objectContaining({ code: 'INVALID_ID' }))
  })
})

describe('a subject', () => {
  const place = fc.record({ ns: namespaces, queue: word, task: name, topic: name, service: word, lane, key, id: key })

  test('that is published to has no wildcard, blank or control character, whatever key and id', () => {
    fc.assert(
      fc.property(place, ({ ns, queue, task, topic, service, lane, key, id }) => {
        const all = names(ns)
        const consumer = subscriptionName(service, topic)
        const subjects = [
          all.event(topic),
          all.redriven(consumer, topic),
          all.task(queue, task, lane),
          all.addressed(queue, task, lane, key, id),
          all.addressed(queue, task, lane, undefined, id),
          all.later(queue, task, lane, key, id),
          all.record('memory', all.queue(queue), performerName(task, lane), '7'),
          all.live('result', '-', keyToken(id)),
          all.deadTask(queue, task, id),
          all.deadEvent(service, topic, id),
          all.desk(queue, task),
        ]
        for (const subject of subjects) expect(subject).toMatch(concrete)
        expect(new Set(subjects).size).toBe(subjects.length)
      }),
      { numRuns: 500 },
    )
  })

  test('is another for other inputs', () => {
    const { addressed, later } = names('ns')
    fc.assert(
      fc.property(place, place, (a, b) => {
        const [one, other] = [a, b].map((each) => addressed(each.queue, each.task, each.lane, each.key, each.id))
        const same = (['queue', 'task', 'lane', 'key', 'id'] as const).every((part) => a[part] === b[part])
        expect(one === other).toBe(same)
        expect(one).not.toBe(later(a.queue, a.task, a.lane, a.key, a.id))
      }),
    )
  })

  test('of a task reaches its performer and no other', () => {
    fc.assert(
      fc.property(place, place, ({ ns, queue, task, lane, key, id }, other) => {
        const all = names(ns)
        const filter = all.taskFilter(queue, task, lane)
        for (const subject of [all.task(queue, task, lane), all.addressed(queue, task, lane, key, id)])
          expect(matches(filter, subject)).toBe(true)
        const mine = other.queue === queue && other.task === task && other.lane === lane
        expect(matches(filter, all.addressed(other.queue, other.task, other.lane, key, id))).toBe(mine)
        expect(matches(filter, all.later(queue, task, lane, key, id))).toBe(false)
      }),
    )
  })

  test('of a task is found by its id and by its key, wherever it is kept', () => {
    fc.assert(
      fc.property(place, key, ({ ns, queue, task, lane, key, id }, other) => {
        const all = names(ns)
        for (const subject of [all.addressed(queue, task, lane, key, id), all.later(queue, task, lane, key, id)]) {
          expect(matches(all.anywhere(queue, task, id), subject)).toBe(true)
          expect(matches(all.occupied(queue, task, key), subject)).toBe(true)
          expect(matches(all.anywhere(queue, task, other), subject)).toBe(other === id)
          expect(matches(all.occupied(queue, task, other), subject)).toBe(other === key)
        }
      }),
    )
  })

  test('of an event reaches who subscribed to it, and tells its topic', () => {
    fc.assert(
      fc.property(place, ({ ns, service, topic }) => {
        const all = names(ns)
        const consumer = subscriptionName(service, topic)
        const [mine, backToMe] = all.eventFilter(consumer, topic) as [string, string]
        expect([matches(mine, all.event(topic)), matches(backToMe, all.redriven(consumer, topic))]).toEqual([true, true])
        expect(matches(backToMe, all.redriven(subscriptionName(`${service}x`, topic), topic))).toBe(false)
        expect([topicOf(all.event(topic)), topicOf(all.redriven(consumer, topic))]).toEqual([topic, topic])
        expect([topicOf(all.ownEvent(topic)), topicOf(all.ownRedriven(consumer, topic))]).toEqual([topic, topic])
      }),
    )
  })

  test('is as long as the broker takes, for the longest names and keys there are', () => {
    const long = 'x'.repeat(200)
    const all = names(long)
    expect(all.addressed(long, long, 'normal', '\u4e16'.repeat(1000), '/'.repeat(128)).length).toBeLessThan(2000)
  })
})

test('names that are too long together for a stream or a consumer are refused', () => {
  const tooLong = expect.objectContaining({ code: 'NAME_TOO_LONG', what: expect.stringContaining('the limit is 255') })
  expect(() => names('n'.repeat(100)).queue('q'.repeat(149))).toThrow(tooLong)
  expect(names('n'.repeat(100)).queue('q'.repeat(148))).toHaveLength(255)
  expect(() => subscriptionName('s'.repeat(100), 't'.repeat(155))).toThrow(tooLong)
})

test('what lies in a namespace bears its name', () => {
  const all = names('shop')
  expect([all.topics, all.table, all.dead, all.queue('mail')]).toEqual(['SHOP_TOPICS', 'SHOP_TABLE', 'SHOP_DEAD', 'SHOP_QUEUE_mail'])
  expect(all.event('books.released')).toBe('shop.topic.books.released')
  expect(all.task('mail', 'mail.send', 'high')).toBe('shop.task.mail.mail~send.high.-')
})

/** Whether a filter of the broker lets a subject through. */
function matches(filter: string, subject: string): boolean {
  const [wanted, given] = [filter.split('.'), subject.split('.')]
  for (const [index, part] of wanted.entries()) {
    if (part === '>') return given.length > index
    if (part !== '*' && part !== given[index]) return false
  }
  return wanted.length === given.length
}
