/** The checker of the fault machine, given histories that were made up: it must find what is wrong with each, and nothing else. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { check, type Rules, story } from '../faults/check.ts'
import { fold } from '../faults/fold.ts'
import { historyOf, type Op, recorder } from '../faults/history.ts'
import type { Outcome } from '../faults/machine.ts'
import { rulesFor } from '../faults/machine.ts'
import { type Grown, grown } from '../faults/memory.ts'
import { page, row, soakPage } from '../faults/write.ts'

/** `1.5 p1 say good a` or `2 w1 begin jobs a r1`: seconds, who, and the rest as in the history; `-` is nothing. */
function ops(text: string): Op[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [at, by = '', op, what = '', id = '', extra = ''] = line.trim().split(' ')
      const nothing = (word: string) => (word === '-' ? '' : word.replaceAll('_', ' '))
      const until = op === 'fault' ? String(Number(extra) * 1000) : nothing(extra)
      return { at: Number(at) * 1000, by, op: op as Op['op'], what: nothing(what), id: nothing(id), extra: until }
    })
}

const single = rulesFor('work', false)
const judged = (text: string, rules: Rules = single) => check(fold(ops(text)), rules)

const said = '0 p1 say good a\n0.1 p1 ok - a'
const done = '1 w1 begin jobs a r1\n1.1 w1 end jobs a r1'
const once = `${said}\n${done}`
const again = '5 w2 begin jobs a r2\n5.1 w2 end jobs a r2'
const event = '0 p1 say event e\n0.1 p1 ok - e\n1 w1 begin alpha e r1\n1.1 w1 end alpha e r1'

describe('a history in which nothing is wrong', () => {
  test.each<[string, string, Partial<ReturnType<typeof judged>>]>([
    ['done once', once, { acknowledged: 1, duplicated: 0 }],
    ['an event heard by all', `${event}\n1 w2 begin beta e r2\n1.1 w2 end beta e r2`, { acknowledged: 1 }],
    ['a failure, and then done', `${said}\n1 w1 begin jobs a r1\n1.1 w1 threw jobs a r1\n${again}`, { duplicated: 0 }],
    ['nobody knows, and it was never run', '0 p1 say good a\n9 p1 unknown TIMEOUT a', { unknown: 1, lost: 0 }],
    ['its producer died before it was told, and it was run', `0 p1 say good a\n${done}`, { unknown: 1 }],
    ['refused, and not run', '0 p1 say good a\n1 p1 fail STORAGE_FULL a', { refused: 1 }],
    [
      'rejected, and a dead letter',
      '0 p1 say bad a\n0.1 p1 ok - a\n1 w1 begin jobs a r1\n1.1 w1 threw jobs a r1\n9 m dead jobs a',
      { dead: 1 },
    ],
    ['later, and not before', '0 p1 say delayed a 2000\n0.1 p1 ok - a\n2.1 w1 begin jobs a r1\n2.2 w1 end jobs a r1', { lost: 0 }],
    [
      'three at once, and a fourth when the process of one was gone',
      `${[1, 2, 3, 4].map((n) => `0 p1 say gated a${n}\n0.1 p1 ok - a${n}\n${n} w${n} begin gated a${n} r${n}\n${n === 1 ? '' : `9 w${n} end gated a${n} r${n}\n`}`).join('')}3.5 m fault ended w1 3.5\n9 w5 begin gated a1 r5\n9.1 w5 end gated a1 r5`,
      { duplicated: 1 },
    ],
    [
      'three at once, and a fourth when the process of one had left in good order, without an end',
      `${[1, 2, 3, 4].map((n) => `0 p1 say gated a${n}\n0.1 p1 ok - a${n}\n${n} w${n} begin gated a${n} r${n}\n${n === 1 ? '' : `9 w${n} end gated a${n} r${n}\n`}`).join('')}3.5 m fault left w1 3.5\n3.4 m fault cut w1 3.4\n9 w5 begin gated a1 r5\n9.1 w5 end gated a1 r5`,
      { duplicated: 1 },
    ],
    [
      'one key after the other, and two keys side by side',
      '0 p1 say ordered a@k\n0.1 p1 ok - a@k\n1 p1 say ordered b@k\n1.1 p1 ok - b@k\n0 p1 say ordered c@l\n0.1 p1 ok - c@l\n2 w1 begin ordered a@k r1\n2.1 w2 begin ordered c@l r2\n2.2 w1 end ordered a@k r1\n2.3 w1 begin ordered b@k r3\n2.4 w2 end ordered c@l r2\n2.5 w1 end ordered b@k r3',
      { acknowledged: 3 },
    ],
    ['one result, read twice', `${once}\n2 p1 result - a a_by_r1\n3 m result - a a_by_r1`, { ok: true }],
  ])('%s', (_, text, figures) => {
    expect(judged(text)).toMatchObject({ ok: true, anomalies: [], ...figures })
  })
})

describe('a history in which something is wrong', () => {
  test.each<[string, string, string]>([
    ['acknowledged and never run', said, 'lost'],
    ['acknowledged, begun, and never done', `${said}\n1 w1 begin jobs a r1`, 'lost'],
    ['acknowledged, and it only ever threw', `${said}\n1 w1 begin jobs a r1\n1.1 w1 threw jobs a r1`, 'lost'],
    ['an event that one of two heard', event, 'lost'],
    ['run again for no reason', `${once}\n${again}`, 'unexplained'],
    ['run by two at once', `${said}\n1 w1 begin jobs a r1\n2 w2 begin jobs a r2\n3 w1 end jobs a r1\n4 w2 end jobs a r2`, 'unexplained'],
    [
      'run again before it has thrown',
      `${said}\n1 w1 begin jobs a r1\n2 w2 begin jobs a r2\n3 w1 threw jobs a r1\n4 w2 end jobs a r2`,
      'unexplained',
    ],
    [
      'heard again for no reason',
      `${event}\n1 w2 begin beta e r2\n1.1 w2 end beta e r2\n5 w2 begin beta e r3\n5.1 w2 end beta e r3`,
      'unexplained',
    ],
    ['refused, and run', `0 p1 say good a\n0.1 p1 fail STORAGE_FULL a\n${done}`, 'ghost'],
    ['run, and never said', done, 'unsaid'],
    ['run by whom it does not concern', `${once}\n1 w1 begin alpha a r9\n1.1 w1 end alpha a r9`, 'unsaid'],
    ['two results', `${once}\n2 p1 result - a a_by_r1\n3 m result - a a_by_r2`, 'torn'],
    ['the result of another', `${once}\n2 p1 result - a b_by_r1`, 'torn'],
    ['before its time', '0 p1 say delayed a 3000\n0.1 p1 ok - a\n2 w1 begin jobs a r1\n2.1 w1 end jobs a r1', 'early'],
    ['rejected, and no dead letter', '0 p1 say bad a\n0.1 p1 ok - a\n1 w1 begin jobs a r1\n1.1 w1 threw jobs a r1', 'buried'],
    [
      'two dead letters',
      '0 p1 say bad a\n0.1 p1 ok - a\n1 w1 begin jobs a r1\n1.1 w1 threw jobs a r1\n9 m dead jobs a\n9 m dead jobs a',
      'buried',
    ],
    ['a dead letter of what harms nobody', `${once}\n9 m dead jobs a`, 'buried'],
    [
      'four of which three may run at once',
      [1, 2, 3, 4]
        .map((n) => `0 p1 say gated a${n}\n0.1 p1 ok - a${n}\n${n} w${n} begin gated a${n} r${n}\n9 w${n} end gated a${n} r${n}`)
        .join('\n'),
      'exceeded',
    ],
    [
      'the second of a key begun before the first was done',
      '0 p1 say ordered a@k\n0.1 p1 ok - a@k\n1 p1 say ordered b@k\n1.1 p1 ok - b@k\n2 w1 begin ordered a@k r1\n2.1 w2 begin ordered b@k r2\n2.2 w1 end ordered a@k r1\n2.3 w2 end ordered b@k r2',
      'overtaken',
    ],
    [
      'the second of a key done while the first waits for its next attempt',
      '0 p1 say ordered a@k\n0.1 p1 ok - a@k\n1 p1 say ordered b@k\n1.1 p1 ok - b@k\n2 w1 begin ordered a@k r1\n2.1 w1 threw ordered a@k r1\n2.2 w2 begin ordered b@k r2\n2.3 w2 end ordered b@k r2\n3 w1 begin ordered a@k r3\n3.1 w1 end ordered a@k r3',
      'overtaken',
    ],
    ['a time of a schedule that never came', '5 m say slot slot-5 5000\n5 m ok - slot-5', 'lost'],
    ['a firing for a time that is none', '5 w1 begin slot slot-6 r1\n5.1 w1 end slot slot-6 r1', 'unsaid'],
    ['something left at the end', `${once}\n9 m stuck three_are_left -`, 'stuck'],
    ['an end of what had not begun', `${once}\n9 w1 end jobs a r7`, 'stuck'],
  ])('%s', (_, text, rule) => {
    const judgement = judged(text)
    expect(judgement.anomalies.map((each) => each.rule)).toEqual([rule])
    expect(judgement.ok).toBe(false)
  })
})

const twice = `${once}\n${again}`
const open = `${said}\n1 w1 begin jobs a r1\n${again}`

describe('a second run', () => {
  test.each<[string, string, string]>([
    ['of what its process took with it', open, '1.5 m fault ended w1 1.5'],
    ['of what was done just before its process died', twice, '2 m fault ended w1 2'],
    ['after the process was frozen at work', twice, '1.05 m fault frozen w1 4'],
    ['after the wire was cut at the end', twice, '1.2 m fault cut w1 1.2'],
    ['in a process that had it in its buffer, and was frozen', twice, '0.5 m fault frozen w2 4.5'],
    ['after the broker was killed before it had heard of the end', twice, '2.5 m fault broker_killed n1 3'],
    ['after the broker was slow', twice, '0.2 m fault broker_slow broker 0.9'],
  ])('%s, is explained', (_, text, fault) => {
    expect(judged(`${text}\n${fault}`)).toMatchObject({ ok: true, duplicated: 1, unexplained: 0 })
  })

  test.each<[string, string]>([
    ['the death of another process', '1.5 m fault ended w3 1.5'],
    ['a death long after', '4.5 m fault ended w1 4.5'],
    ['a fault that was over before', '0 m fault frozen w1 0.5'],
    ['being asked to end', '1 m fault asked_to_end w1 4'],
    ['having left in good order', '1.5 m fault left w1 1.5'],
    ['a broker that was killed when all was said', '4.2 m fault broker_killed n1 4.9'],
  ])('is not explained by %s', (_, fault) => {
    expect(judged(`${twice}\n${fault}`)).toMatchObject({ duplicated: 1, unexplained: 1 })
  })

  test('of what waited for leave is explained by a fault of the broker while it may have waited, and of nothing else', () => {
    const fault = '0.5 m fault broker_killed n1 1'
    const late = (kind: string, as: string) =>
      `0 p1 say ${kind} a\n0.1 p1 ok - a\n6 w1 begin ${as} a r1\n6.1 w1 end ${as} a r1\n7 w2 begin ${as} a r2\n7.1 w2 end ${as} a r2\n${fault}`
    expect(judged(late('gated', 'gated'))).toMatchObject({ duplicated: 1, unexplained: 0 })
    expect(judged(late('good', 'jobs'))).toMatchObject({ duplicated: 1, unexplained: 1 })
  })

  test('of what has waited for leave since before something was done to its process is explained, however long ago', () => {
    const fault = '2 m fault frozen w2 6'
    const late = (kind: string, as: string) =>
      `0 p1 say ${kind} a\n0.1 p1 ok - a\n1 w2 wait ${as} a\n30 w1 begin ${as} a r1\n30.1 w1 end ${as} a r1\n34 w2 begin ${as} a r2\n34.1 w2 end ${as} a r2\n${fault}`
    expect(judged(late('gated', 'gated'))).toMatchObject({ duplicated: 1, unexplained: 0 })
    expect(judged(late('good', 'jobs'))).toMatchObject({ duplicated: 1, unexplained: 1 })
    expect(judged(late('gated', 'gated').replace('1 w2 wait', '29 w2 wait'))).toMatchObject({ unexplained: 1 })
  })

  test('of what was put back is explained by a broker that kept it, at any time before, and by no other fault', () => {
    const back = twice.replace('5 w2 begin jobs a r2', '90 w2 begin jobs a r2\n90 w2 stayed jobs a r2').replace('5.1 w2', '90.1 w2')
    for (const what of ['broker_killed', 'broker_full']) expect(judged(`${back}\n60 m fault ${what} n1 61`).unexplained).toBe(0)
    expect(judged(`${back}\n60 m fault broker_frozen n1 61`).unexplained).toBe(1)
    expect(judged(`${back}\n91 m fault broker_killed n1 92`).unexplained).toBe(1)
  })

  test('of what is only a place in a stream is explained by a broker of its own that was killed later, and not by one of three', () => {
    const text = `${twice}\n4.2 m fault broker_killed n1 4.9`
    expect(judged(text, rulesFor('log', false)).unexplained).toBe(0)
    expect(judged(text, rulesFor('log', true)).unexplained).toBe(1)
  })

  test('of what was enqueued again, over a broker that forgot it, is explained', () => {
    const stored = '0 p1 say good a\n9 p1 ok - a\n1 w1 begin jobs a r1\n1.1 w1 end jobs a r1\n20 w2 begin jobs a r2\n20.1 w2 end jobs a r2'
    expect(judged(`${stored}\n6 m fault broker_killed n1 7`)).toMatchObject({ duplicated: 1, unexplained: 0 })
    const rejected = stored.replaceAll('good', 'bad').replaceAll('end jobs', 'threw jobs')
    expect(judged(`${rejected}\n30 m dead jobs a\n30 m dead jobs a\n6 m fault broker_killed n1 7`)).toMatchObject({ ok: true, dead: 2 })
    expect(judged(`${stored}\n10 m fault broker_killed n1 11`)).toMatchObject({ duplicated: 1, unexplained: 1 })
  })
})

test('an anomaly is told with what happened around it, in order', () => {
  const folded = fold(ops(`${twice}\n3 m fault frozen w3 4`))
  const [anomaly] = check(folded, single).anomalies
  expect(anomaly && story(folded, anomaly).map((line) => line.trim())).toEqual([
    '0.000 s  p1 says good a',
    '0.100 s  p1 is told: ok',
    '1.000 s  w1 begins it, as jobs',
    '1.100 s  w1 has done it',
    '3.000 s  ✖ w3 frozen',
    '4.000 s  ○ w3 is over it (frozen)',
    '5.000 s  w2 begins it, as jobs',
    '5.100 s  w2 has done it',
  ])
})

test('a run is kept on a page in the place of the one before it, beside those of other commands', () => {
  const outcome = {
    ...judged(once),
    seed: 1,
    layout: 'work',
    cluster: false,
    seconds: 60,
    kills: 3,
    memory: {},
    folder: '',
    stories: [],
  } as const
  const first = row('npm run faults -- --seed 1', { ...outcome, faults: { killed: 3, deaf: 1 } })
  expect(first).toBe('| `npm run faults -- --seed 1` | 60 | 1 | 4 | 3 | 0 | 0 | 0 | ok |')
  const other = row('npm run faults -- --seed 2', { ...outcome, ok: false, faults: { killed: 3 } })
  const newer = row('npm run faults -- --seed 1', { ...outcome, acknowledged: 1234, faults: {} })
  const rows = [first, other, newer]
    .reduce(page, '')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  expect(rows).toEqual([newer, other])
  expect(newer).toContain('| 1,234 |')
})

test('a history is read as it was written, without a line that was cut off', () => {
  const folder = mkdtempSync(join(tmpdir(), 'callboard-test-'))
  try {
    const record = recorder(folder, 'w1.1')
    record.write('begin', 'jobs', 'a', 'r1', 1000.5)
    record.write('fault', 'frozen', 'w1.1', '2000', 1000)
    record.close()
    writeFileSync(join(folder, 'w2.1.history'), '1.000\tbegin\tjobs\ta\tr2\n2.000\tend\tjo')
    expect([...historyOf(folder)]).toEqual([
      { at: 1000.5, by: 'w1.1', op: 'begin', what: 'jobs', id: 'a', extra: 'r1' },
      { at: 1000, by: 'w1.1', op: 'fault', what: 'frozen', id: 'w1.1', extra: '2000' },
      { at: 1, by: 'w2.1', op: 'begin', what: 'jobs', id: 'a', extra: 'r2' },
    ])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe('the memory of a process', () => {
  const samples = (mb: (minute: number) => number) => Array.from({ length: 30 }, (_, n) => ({ at: n * 60_000, mb: mb(n) }))

  test('that grows by two a minute behind its warm-up is told so, whatever it did before', () => {
    const found = grown(samples((minute) => (minute < 10 ? 500 : 100 + 2 * (minute - 10))))
    expect(found?.slope).toBeCloseTo(2)
    expect([found?.first, found?.last].map((mb) => Math.round(mb as number))).toEqual([100, 138])
  })

  test('that stays is told so, and nothing is told of too few samples', () => {
    expect(grown(samples(() => 80))?.slope).toBeCloseTo(0)
    expect(grown(samples(() => 80).slice(0, 2))).toBeUndefined()
  })

  test('is told by tenths of the run, and that of its heap without the garbage on it', () => {
    const looks = Array.from({ length: 901 }, (_, n) => ({ at: n * 2000, mb: n / 10, heap: 20 + (n % 7) }))
    const found = grown(looks)
    expect(found?.tenths).toEqual([0, 9, 18, 27, 36, 45, 54, 63, 72, 81, 90])
    expect(found?.heap?.first).toBeCloseTo(20)
    expect(found?.heap?.slope).toBeCloseTo(0)
    const memory = { 'p1.1': found as Grown, n1: grown(looks.map(({ at, mb }) => ({ at, mb }))) as Grown }
    const written = soakPage('npm run faults -- --soak', { acknowledged: 1, seconds: 1800, ok: true, memory } as unknown as Outcome)
    expect(written).toContain('| p1.1 | 30.0 | 90.0 | 3.000 | 20.0 | 20.0 | 0.000 |')
    expect(written).toContain('| n1 | 30.0 | 90.0 | 3.000 | – | – | – |')
  })
})
