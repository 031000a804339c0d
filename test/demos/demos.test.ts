/** The demos, run as a user runs them: as programs of their own, by what they print and by how they end. */

import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { until } from '../support/until.ts'

/** A program that runs, and what it has written so far. */
interface Program {
  readonly process: ChildProcess
  readonly written: { out: string; err: string }
  /** Its exit code, when it and everything that could write in its place has ended. */
  readonly ended: Promise<number | null>
  /** It, and the processes that it and they have started, as long as they run. */
  left(): Promise<Left[]>
}

/** A process, known by a mark in its environment, which children inherit. Only Linux shows it. */
interface Left {
  readonly pid: number
  readonly command: string
}

function start(program: string, ...args: string[]): Program {
  const mark = `CALLBOARD_TEST_RUN=${randomUUID()}`
  const [name = '', value] = mark.split('=')
  const child = spawn(process.execPath, ['--conditions=callboard-source', '--import', 'tsx', `demos/${program}.ts`, ...args], {
    env: { ...process.env, [name]: value },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const written = { out: '', err: '' }
  child.stdout.on('data', (chunk) => (written.out += chunk))
  child.stderr.on('data', (chunk) => (written.err += chunk))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  // Whoever is left, because a test has failed, does not stay.
  onTestFinished(async () => {
    child.kill('SIGKILL')
    for (const { pid } of await marked(mark)) kill(pid)
  })
  return { process: child, written, ended, left: () => marked(mark) }
}

async function marked(mark: string): Promise<Left[]> {
  if (process.platform !== 'linux') return []
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
  const found = pids.map(async (pid) => {
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    return environment.includes(mark) ? [{ pid: Number(pid), command: command.replaceAll('\0', ' ') }] : []
  })
  return (await Promise.all(found)).flat()
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself in the meantime.
  }
}

/** What is still there when the time is over is named by the failure. */
async function nobodyIsLeft({ left }: Program): Promise<void> {
  const nobody = async () => expect(await left()).toEqual([])
  await until('every process the demo started has ended', async () => nobody().then(() => true), 30_000)
}

test('headless, the counts hold: nothing lost, every duplicate explained', async () => {
  const demo = start('run', '--json', '--seed', '7')
  const code = await demo.ended
  const { demos } = JSON.parse(demo.written.out)
  expect(demos).toMatchObject([
    { name: 'group-notification', published: 6, delivered: 24, enqueued: 0, dead: 0, duplicates: 0, lost: 0, ok: true },
    { name: 'email-fanout', published: 1, delivered: 1, enqueued: 243, succeeded: 242, dead: 1, lost: 0, ok: true },
    { name: 'both-ways', published: 12, delivered: 18, enqueued: 14, succeeded: 10, dead: 0, retried: 2, lost: 0, ok: true },
  ])
  for (const { duplicates, explained } of demos) expect(explained).toHaveLength(duplicates)
  // Both crashes and both busy mailboxes have left their traces.
  expect(demos[0].retried).toBeGreaterThan(0)
  expect(demos[1].retried).toBeGreaterThan(4)
  expect(demo.written.err).toContain('killed (SIGKILL)')
  expect(code).toBe(0)
  await nobodyIsLeft(demo)
})

test('live, without a terminal, all demos are plain lines and end by themselves with the score board', async () => {
  const demo = start('start')
  expect(await demo.ended).toBe(0)
  const { out, err } = demo.written
  expect(err).toBe('')
  for (const said of ['Broker ', 'Data ', 'posts #1', '┄┄▷', '◇', '──▶', '■', 'SCORE BOARD']) expect(out).toContain(said)
  expect(out.match(/✔ ok/g)).toHaveLength(3)
  expect(out).not.toContain('\u001B[')
  await nobodyIsLeft(demo)
})

test('one demo may be run by name, with readers of one’s own', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'callboard-test-')), 'mine.csv')
  const rows = Array.from({ length: 9 }, (_, index) => `"Reader, ${index}",r${index}@example.org,Asia/Kolkata`)
  await writeFile(file, `name,address,zone\n${rows.join('\n')}\n`)
  const demo = start('run', 'email', '--json', '--readers', file)
  const code = await demo.ended
  const { demos } = JSON.parse(demo.written.out)
  expect(demos).toMatchObject([{ name: 'email-fanout', enqueued: 9, succeeded: 8, dead: 1, lost: 0, ok: true }])
  expect(code).toBe(0)
  await nobodyIsLeft(demo)
})

test('what cannot be is refused before anything is started', async () => {
  const refused = [
    [['--smtp', 'smtp://mail.example.org:25'], 'Add --i-mean-it'],
    [['--smtp', 'mail.example.org'], 'no address like smtp://'],
    [['--readers', 'nobody.csv'], 'nobody.csv'],
    [['treasure-hunt'], 'group-notification, email-fanout and both-ways'],
    [['--sed', '7'], '--sed'],
    [['--seed', 'seven'], '"seven"'],
  ] as const
  const demos = refused.map(([args]) => start('run', ...args))
  for (const [index, demo] of demos.entries()) {
    expect(await demo.ended).toBe(2)
    expect(demo.written.err).toContain(refused[index]?.[1])
    expect(demo.written.out).toBe('')
  }
})

test('asked to end, it drains, shows the score so far, and leaves nobody behind', async () => {
  const demo = start('start')
  await until('the first post is read', () => demo.written.out.includes('has read #1'), 60_000)
  demo.process.kill('SIGINT')
  expect(await demo.ended).toBe(0)
  expect(demo.written.out).toContain('SCORE BOARD')
  expect(demo.written.out).toContain('waiting')
  await nobodyIsLeft(demo)
})

test('killed, it leaves nobody behind', async () => {
  const demo = start('start', 'email')
  await until('the first mail is taken', () => demo.written.out.includes(': taken'), 60_000)
  demo.process.kill('SIGKILL')
  await demo.ended
  await nobodyIsLeft(demo)
})
