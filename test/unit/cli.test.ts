/** The parts of the command line that need no process and no broker. */

import { describe, expect, test } from 'vitest'
import { fault, registry } from '../../src/base/errors.ts'
import type { QueueView, Trace, TraceEntry } from '../../src/extras/admin/index.ts'
import { complaintOf } from '../../src/tools/cli/complaint.ts'
import { exitOf, exits } from '../../src/tools/cli/exit.ts'
import { about, overview } from '../../src/tools/cli/help.ts'
import { clean, columns, type Pen, shorten } from '../../src/tools/cli/pen.ts'
import { said } from '../../src/tools/cli/program.ts'
import { type Column, table } from '../../src/tools/cli/table.ts'
import { UsageError } from '../../src/tools/cli/usage.ts'
import { everywhere, keyOf } from '../../src/tools/cli/verb.ts'
import { groups } from '../../src/tools/cli/verbs.ts'
import { size } from '../../src/tools/cli/words.ts'
import { pages } from '../../src/tools/commands/cheat.ts'
import { hears } from '../../src/tools/commands/contract.ts'
import { clockFinding, durabilityFinding, loopFinding, nodeFinding, storageFinding } from '../../src/tools/commands/doctor.ts'
import { entryLine, traceLines } from '../../src/tools/commands/story.ts'
import { keysIn } from '../../src/tools/commands/top.ts'
import { frame, panes, rowsOf, type State } from '../../src/tools/commands/top-frame.ts'
import { press } from '../../src/tools/commands/top-keys.ts'
import { imports, sources, read as text } from '../repo/tree.ts'
import { splitLine } from '../support/shell.ts'

const plain: Pen = { tty: false, width: undefined, line: () => undefined, raw: () => undefined, paint: (_, text) => text }
const read = (line: string) => said(splitLine(line), groups, '1.2.3', plain)
const verbs = groups.flatMap((group) => group.verbs)

interface Row {
  readonly name: string
  readonly ready: number
  readonly oldest?: string
  readonly why: string
}
const shape: readonly Column<Row>[] = [
  { head: 'QUEUE', field: 'name' },
  { head: 'READY', field: 'ready', right: true },
  { head: 'OLDEST', field: 'oldest', spare: 1 },
  { head: 'WAITS FOR', field: 'why' },
]
const rows: readonly Row[] = [
  { name: 'mail', ready: 212, oldest: '5.3s ago', why: 'its turn behind everything else that is there' },
  { name: 'report-of-the-whole-year', ready: 3, why: 'no worker' },
]

describe('tables', () => {
  test('align their columns, numbers to the right, and end no line with blanks', () => {
    expect(table(shape, rows, plain)).toEqual([
      'QUEUE                     READY  OLDEST    WAITS FOR',
      'mail                        212  5.3s ago  its turn behind everything else that is there',
      'report-of-the-whole-year      3            no worker',
    ])
  })

  test('leave spare columns out and shorten long texts where the terminal is narrow', () => {
    const narrow = table(shape, rows, { ...plain, width: 40 })
    expect(narrow).toMatchInlineSnapshot(`
      [
        "QUEUE       READY  OLDEST    WAITS FOR",
        "mail          212  5.3s ago  its turn b…",
        "report-of…      3            no worker",
      ]
    `)
    expect(Math.max(...narrow.map(columns))).toBeLessThanOrEqual(40)
  })

  test('count the columns of what is wide, and of what is none', () => {
    expect(columns('日本')).toBe(4)
    expect(columns('e\u0301')).toBe(1)
    expect(shorten('日本語', 5)).toBe('日本…')
    expect(
      table(
        [
          { head: 'A', field: 'a' },
          { head: 'B', field: 'b' },
        ] as readonly Column<{ a: string; b: string }>[],
        [
          { a: '日本', b: 'x' },
          { a: 'abcd', b: 'y' },
        ],
        plain,
      ),
    ).toEqual(['A     B', '日本  x', 'abcd  y'])
  })

  test('let nothing through that would steer a terminal', () => {
    const [, line] = table<Row>(shape, [{ name: 'a\u001b[2Jb\u202e', ready: 1, why: 'x\ny' }], plain)
    expect(line).toBe('a\\u001b[2Jb\\u202e      1          x y')
    expect(clean('\u0007\ud800')).toBe('\\u0007\\ud800')
  })
})

describe('the table of verbs', () => {
  test.each(verbs.flatMap((verb) => verb.examples.map((example) => [example, verb.words])))(
    'callboard %s is a call of %s',
    (example, words) => {
      const heard = read(example)
      expect('verb' in heard ? heard.verb.words : heard.text).toBe(words)
    },
  )

  test.each(verbs.map((verb) => [verb.words, verb] as const))('%s says what it does, and what each flag is for', async (words, verb) => {
    expect(verb.examples.length).toBeGreaterThan(0)
    expect(verb.says).not.toMatch(/\.$/)
    expect(words.split(' ').length === 1 || verbs.some((each) => each.words === words.split(' ')[0])).toBe(true)
    const flags = [...(verb.flags ?? []), ...everywhere].map(keyOf)
    expect(new Set(flags).size).toBe(flags.length)
    for (const flag of verb.flags ?? []) expect(flag.says).not.toBe('')
    expect(typeof (await verb.load())).toBe('function')
  })

  test('flags stand before and behind the verb', () => {
    const both = ['--json --namespace shop queues mail', 'queues mail --json --namespace shop'].map(read)
    for (const heard of both) expect(heard).toMatchObject({ args: ['mail'], flags: { json: true, namespace: 'shop' } })
  })

  test.each([
    ['enque', 'Did you mean enqueue?'],
    ['queues mail more', ''],
    ['schedules pase', 'Did you mean schedules pause?'],
    ['queues --jsn', 'Did you mean --json?'],
    ['publish', 'callboard publish --help'],
    ['enqueue mail.send --priority urgent', ''],
  ])('callboard %s cannot be understood, and it is said why', (line, fix) => {
    let thrown: unknown
    try {
      read(line)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(UsageError)
    expect((thrown as UsageError).fix).toContain(fix)
    expect((thrown as UsageError).what).toMatch(/^[A-Z].*[^.]\.$/)
    expect(exitOf(thrown)).toBe(2)
  })

  test('help has every verb and every flag, within its width', () => {
    const page = overview(groups, '1.2.3', plain.paint, 80)
    for (const { words } of verbs) expect(page).toContain(words.split(' ').at(-1))
    for (const { name } of everywhere) expect(page).toContain(name)
    expect(page.split('\n').filter((line) => columns(line) > 80)).toEqual([])
  })

  test.each(verbs.map((verb) => [verb.words, verb] as const))('callboard %s --help tells of it', (words, verb) => {
    const heard = read(`${words} --help`)
    expect(heard).toEqual({ text: about(verb, groups, plain.paint) })
    for (const flag of verb.flags ?? []) expect('text' in heard && heard.text).toContain(flag.name)
  })
})

describe('exit codes', () => {
  test.each(Object.keys(registry) as (keyof typeof registry)[])('%s has one that is documented, and is no surprise', (code) => {
    const exit = exitOf(fault(code, 'x'))
    expect(Object.keys(exits)).toContain(String(exit))
    expect(exit === 1).toBe(registry[code].kind === 'bug')
  })

  test('what is no error of ours is 1', () => {
    expect([new Error('x'), 'x', undefined].map(exitOf)).toEqual([1, 1, 1])
    expect(complaintOf('x')).toMatchObject({ code: 'UNEXPECTED', what: 'x' })
  })
})

describe('doctor', () => {
  test.each([
    ['18.20.1', 'bad'],
    ['20.18.3', 'bad'],
    ['20.19.0', 'note'],
    ['24.1.0', 'ok'],
  ])('node %s is %s', (version, state) => expect(nodeFinding(version).state).toBe(state))

  test('a clock that is off is told with its direction', () => {
    expect(clockFinding(1_000_000, 5, 1_000_900).state).toBe('ok')
    expect(clockFinding(1_000_000, 5, 1_060_000)).toMatchObject({ state: 'bad', text: expect.stringContaining('1m ahead of') })
    expect(clockFinding(1_060_000, 5, 1_000_000).text).toContain('1m behind')
    expect(clockFinding(undefined, 5).state).toBe('note')
  })

  test('a store is bad when it is nearly full', () => {
    expect(storageFinding(10, 100).state).toBe('ok')
    expect(storageFinding(90, 100).state).toBe('bad')
    expect(storageFinding(90, -1).state).toBe('note')
  })

  test('who held the event loop of a worker is named', () => {
    const held = { service: 'mailer', name: 'mail.send', ms: 1_200, at: 1_000_000, sure: true }
    const [told] = loopFinding({ name: 'host/1/abcd', lag: 0, held }, 1_060_000)
    expect(told).toMatchObject({ state: 'bad', text: 'mail.send of mailer held the event loop of host/1/abcd for 1.2s, 1m ago' })
    const [short] = loopFinding({ name: 'w', lag: 0, held: { ...held, ms: 300, sure: false } }, 1_060_000)
    expect(short).toMatchObject({ state: 'note', text: expect.stringContaining('mail.send of mailer, or what ran beside it,') })
    expect(loopFinding({ name: 'w', lag: 2_000 })).toMatchObject([{ state: 'bad', text: expect.stringContaining('by no handler') }])
    expect(loopFinding({ name: 'w', lag: 20 })).toEqual([])
  })

  test('durability is good only where a power cut loses nothing', () => {
    const at = (level: 'D1' | 'D2' | 'D3' | 'D4' | 'unknown') =>
      durabilityFinding({ level, replicas: 1, sync: 'unknown', sentence: 'durability x: y' })
    expect((['D1', 'D2', 'D3', 'D4', 'unknown'] as const).map((level) => at(level).state)).toEqual(['note', 'ok', 'note', 'ok', 'note'])
    expect(at('D2').text).toBe('x: y')
  })
})

test.each([
  ['books.released', 'books.released', true],
  ['books.*', 'books.released', true],
  ['books.>', 'books.released.today', true],
  ['books.>', 'books', false],
  ['books.*', 'books.released.today', false],
  ['*.released', 'books.released', true],
  ['books', 'books.released', false],
])('a subscription to %s and an event on %s: %s', (pattern, name, expected) => expect(hears(pattern, name)).toBe(expected))

test('sizes are told as people read them', () => {
  expect([0, 1023, 1536, 5 * 1024 ** 3].map(size)).toEqual(['0 B', '1023 B', '1.5 KiB', '5.0 GiB'])
})

test('what shows help loads the parser, and nothing that connects', () => {
  const seen = new Set<string>()
  const packages = new Set<string>()
  const visit = (path: string) => {
    if (seen.has(path)) return
    seen.add(path)
    // What is loaded when it is called, and what is only a type, costs nothing before.
    const source = text(path)
      .replaceAll(/\bimport\('[^']*'\)/g, '')
      .replaceAll(/^import type .*$/gm, '')
      .replaceAll(/^import \{ (?:type [\w]+,? ?)+\} from .*$/gm, '')
    for (const each of imports(path, source))
      if (each.startsWith('src/')) visit(each)
      else if (!each.startsWith('node:')) packages.add(each)
  }
  visit('src/tools/cli.ts')
  expect([...packages]).toEqual(['commander'])
  expect([...seen].filter((path) => /^src\/(index|wire|runtime|extras)/.test(path))).toEqual([])
})

describe('top', () => {
  const queue = (name: string, more: Partial<QueueView> = {}): QueueView => ({
    name,
    layout: 'work',
    bytes: 0,
    ready: 3,
    running: 0,
    scheduled: 0,
    retrying: 0,
    dead: 0,
    workers: [],
    paused: false,
    blocked: 'none',
    gated: 0,
    holds: [],
    lanes: [],
    ...more,
  })
  const overviewOf = {
    at: 0,
    namespace: 'shop',
    topics: 0,
    subscriptions: 0,
    queues: 2,
    ready: 6,
    running: 0,
    scheduled: 0,
    retrying: 0,
    dead: 0,
    lagging: 0,
    schedules: 0,
    workers: 0,
    attention: [],
  }
  const known = {
    at: 1000,
    overview: overviewOf,
    queues: [queue('mail'), queue('report', { paused: true })],
    topics: [],
    subs: [],
    dead: [],
  }
  const start: State = { now: 1000, namespace: 'shop', known, pane: 'queues', row: 0, filter: '', typing: false, help: false, note: '' }
  const typing = (state: State, ...keys: string[]) => keys.reduce((at, key) => press(at, key).state, state)

  test('a frame fits its terminal, whatever is in it', () => {
    const hostile = { ...known, queues: Array.from({ length: 50 }, (_, index) => queue(`q${index}-${'x'.repeat(90)}`)) }
    for (const [width, height] of [
      [80, 24],
      [40, 10],
      [200, 60],
    ] as const)
      for (const pane of panes)
        for (const help of [true, false]) {
          const lines = frame({ ...start, known: hostile, pane, help, row: 49 }, { ...plain, width }, height)
          expect(lines.length).toBeLessThanOrEqual(height)
          expect(lines.filter((line) => columns(line) > width)).toEqual([])
        }
  })

  test('a frame shows the pane, the chosen row and the sums', () => {
    const marked = { ...plain, width: 80, paint: (style: unknown, text: string) => (style === 'inverse' ? `[${text}]` : text) }
    const lines = frame({ ...start, row: 1 }, marked, 24)
    expect(lines[1]).toBe('6 ready · 0 running · 0 scheduled · 0 retrying · 0 dead')
    expect(lines[2]).toContain('[ 1 queues ]')
    expect(lines.find((line) => line.startsWith('[■ report'))).toContain('paused')
    expect(frame({ ...start, known: undefined }, plain, 24)[1]).toBe('reading …')
    expect(frame({ ...start, now: 9000 }, plain, 24)[0]).toContain('THE BROKER HAS NOT ANSWERED FOR 8s')
  })

  test('keys choose, filter and help', () => {
    expect(typing(start, 'down', 'down', 'down').row).toBe(1)
    expect(typing(start, 'j', 'up').row).toBe(0)
    expect(typing(start, '3').pane).toBe('subs')
    expect(typing(start, '?').help).toBe(true)
    const filtered = typing(start, '/', 'r', 'e', 'q', 'back', 'enter')
    expect([filtered.filter, filtered.typing, rowsOf(filtered)]).toEqual(['re', false, [known.queues[1]]])
    expect(rowsOf(typing(filtered, 'escape'))).toHaveLength(2)
    expect(press(start, 'q').deed).toEqual({ do: 'end' })
    expect(press(typing(start, '/'), 'q').deed).toBeUndefined()
  })

  test('p pauses and resumes, r wants to be pressed twice', () => {
    expect(press(start, 'p').deed).toEqual({ do: 'pauseQueue', queue: 'mail' })
    expect(press({ ...start, row: 1 }, 'p').deed).toEqual({ do: 'resumeQueue', queue: 'report' })
    expect(press({ ...start, pane: 'topics' }, 'p').deed).toBeUndefined()
    const error = { name: 'Error', message: 'x', fingerprint: 'abc' }
    const dead: State = {
      ...start,
      pane: 'dead',
      known: { ...known, dead: [{ fingerprint: 'abc', name: 'mail.send', reason: 'rejected', count: 2, first: 0, last: 0, error }] },
    }
    const once = press(dead, 'r')
    expect([once.deed, once.state.note]).toEqual([undefined, expect.stringContaining('once more')])
    expect(press(once.state, 'r').deed).toEqual({ do: 'redrive', selector: 'name:mail.send fingerprint:abc', count: 2 })
    expect(press(press(once.state, 'j').state, 'r').deed).toBeUndefined()
  })

  test('what a terminal sends is read as keys', () => {
    expect(keysIn('a\u001b[A\r\u001b\u007fé')).toEqual(['a', 'up', 'enter', 'escape', 'back', 'é'])
  })
})

describe('stories', () => {
  const paint = plain.paint
  const message = { id: 'e1', style: 'implicit', name: 'books.released', state: 'done', storedAt: 0 } as const
  const mail = (id: string) => ({
    message: { id, style: 'explicit', name: 'mail.send', state: 'dead' } as const,
    runs: [
      {
        because: 'named',
        service: 'mailer',
        state: 'dead',
        attempt: 2,
        ms: 22,
        error: { name: 'Reject', message: '550\u001b[2J', fingerprint: 'f' },
        caused: [],
      },
    ] as const,
  })

  test('a trace draws who subscribed dashed and who was named solid, and hides what is too much', () => {
    const trace: Trace = {
      message,
      runs: [
        {
          because: 'subscribed',
          service: 'mail-planner',
          state: 'done',
          ms: 31,
          caused: Array.from({ length: 12 }, (_, index) => mail(`t${index}`)),
        },
      ],
    }
    const lines = traceLines(trace, paint, 0)
    expect(lines[0]).toMatch(/^◇ books.released {2}e1 {2}\d\d:\d\d:\d\d$/)
    expect(lines[1]).toBe('┄┄▷ mail-planner  ● done  31ms')
    expect(lines[2]).toBe('    ■ mail.send  t0  ✕ dead')
    expect(lines[3]).toBe('    ──▶ mailer  ✕ dead  attempt 2  22ms  Reject: 550\\u001b[2J')
    expect(lines.at(-1)).toBe('    … 2 more (--all)')
    expect(traceLines(trace, paint, 0, true)).toHaveLength(2 + 12 * 2)
  })

  test.each<[Partial<TraceEntry>, RegExp]>([
    [{ kind: 'stored', style: 'implicit' }, /^\S+ {2}\+ stored +◇ {3}news {2}i1$/],
    [
      {
        kind: 'failed',
        style: 'explicit',
        service: 'mailer',
        attempt: 2,
        ms: 22,
        after: 4100,
        error: { name: 'E', message: '451', fingerprint: 'f' },
      },
      /↻ failed +──▶ news {2}i1 {2}mailer {2}attempt 2 {2}22ms {2}again in 4.1s {2}E: 451$/,
    ],
    [{ kind: 'audit', text: 'ann paused mail', count: 3 }, /§ audit +ann paused mail {2}3×$/],
  ])('an entry of the ledger is one line', (entry, line) => {
    expect(
      entryLine({ place: '1', at: 0, kind: 'stored', style: 'implicit', id: 'i1', name: 'news', worker: 'w', ...entry }, paint, 0),
    ).toMatch(line)
  })
})

test('what the cheat sheets say are verbs with flags they have', () => {
  const hints = Object.values(pages).flatMap((page) => page.flatMap(({ hints }) => hints.flatMap(({ say, says }) => [say, says])))
  const lines = hints.filter((each) => each.startsWith('callboard ')).map((each) => each.slice('callboard '.length))
  expect(lines.length).toBeGreaterThan(20)
  for (const line of lines) expect([line, 'verb' in read(line)]).toEqual([line, true])
})

test('what reasons and findings tell people to call are verbs', () => {
  const told = Object.values(sources('src/extras')).flatMap((source) =>
    [...source.matchAll(/[`'"]callboard ([a-z]+)(?: ([a-z-]+)(?=[ `'"]))?/g)].map(([, first = '', second]) => [first, second] as const),
  )
  const known = new Set(verbs.map((each) => each.words))
  const below = (word: string) => [...known].some((words) => words.startsWith(`${word} `))
  expect(told.filter(([first, second]) => !known.has(first) || (second && below(first) && !known.has(`${first} ${second}`)))).toEqual([])
  expect(told.length).toBeGreaterThan(5)
})
