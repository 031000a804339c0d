/** The program `callboard` on a terminal, as people meet it: asked, coloured, stopped, completed. */

import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { admin } from '../../src/extras/admin/index.ts'
import { type Board, Reject, task } from '../../src/index.ts'
import { columns } from '../../src/tools/cli/pen.ts'
import { openBoard } from '../support/board.ts'
import { app, begin, built, cli, onTerminal } from '../support/cli.ts'
import { until } from '../support/until.ts'

const send = task('mail.send', { queue: 'mail' })
let board: Board
let env: Record<string, string>

beforeAll(async () => {
  board = await openBoard()
  env = { CALLBOARD_URL: inject('natsUrl'), CALLBOARD_NAMESPACE: board.namespace }
  const service = board.service('mailer').perform(send, () => {
    throw new Reject('550 no such mailbox, which is told at some length \u001b[31mand in red')
  })
  await service.start()
  for (const n of [1, 2]) await board.enqueue(send, n)
  await until('two dead letters', async () => (await board.dead.groups()).at(0)?.count === 2)
})

afterAll(() => board.close())

/** Whether workers get nothing of the queue. */
const held = async () => (await admin(board).queue('mail')).paused

const letters = async () => (await board.dead.groups()).reduce((sum, { count }) => sum + count, 0)

describe('on a terminal', () => {
  test('what cannot be undone is asked for, and anything but yes is no', async () => {
    const no = onTerminal(['dead', 'discard', 'name:mail.send'], { env })
    await until('it asks', () => no.written.out.includes('Discard for good 2 dead letters? [y/N] '))
    no.process.stdin?.write('n\n')
    expect([(await no.ended).code, await letters()]).toEqual([0, 2])
    const yes = onTerminal(['dead', 'discard', 'name:mail.send', '--limit', '1'], { env })
    await until('it asks', () => yes.written.out.includes('Discard for good 1 dead letter? [y/N] '))
    yes.process.stdin?.write('y\n')
    expect((await yes.ended).out).toContain('1 discarded')
    expect(await letters()).toBe(1)
  })

  test('a table fits the terminal, is coloured, and holds nothing that steers it', async () => {
    const wide = await onTerminal(['dead'], { env, columns: 200 }).ended
    expect(wide.out).toContain('\u001b[31mReject: 550')
    expect(wide.out).toContain('\\u001b[31mand in red')
    const { out } = await onTerminal(['dead'], { env, columns: 40 }).ended
    const lines = out.replaceAll(/\u001b\[\d+m/g, '').split('\r\n')
    expect(lines.filter((line) => columns(line) > 40)).toEqual([])
  })

  test.each<[string, string[], Record<string, string>]>([
    ['NO_COLOR', [], { NO_COLOR: '1' }],
    ['--no-color', ['--no-color'], {}],
    ['a dumb terminal', [], { TERM: 'dumb' }],
  ])('%s takes the colours away', async (_, args, more) => {
    const { out } = await onTerminal(['queues', ...args], { env: { ...env, ...more } }).ended
    expect(out).toContain('■ mail')
    expect(out).not.toContain('\u001b[')
  })

  test('without a terminal there are colours only where they are asked for', async () => {
    const [plain, forced] = await Promise.all([cli(['queues'], { env }), cli(['queues'], { env: { ...env, FORCE_COLOR: '1' } })])
    expect(plain.out).not.toContain('\u001b[')
    expect(forced.out).toContain('\u001b[')
  })
})

const slow = {
  'app.js': `
import { task } from 'callboard'
export default (board) => board.service('slow').perform(task('slow.work', { queue: 'slow' }), async (_, ctx) => {
  await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
  await new Promise(() => undefined)
})
`,
}

describe('programs that stay', () => {
  test('a second Ctrl-C ends at once what the first one has asked to end', async () => {
    const running = begin(['start', './app.js'], { env, cwd: app(slow) })
    await until('it runs', () => running.written.err.includes('slow is running'))
    await board.enqueue(task('slow.work', { queue: 'slow' }), 1)
    await until('it works', async () =>
      (await board.inspect.queues()).some(({ name, performers }) => name === 'slow' && performers[0]?.open === 1),
    )
    running.process.kill('SIGINT')
    await until('it drains', () => running.written.err.includes('draining: 1 running'))
    running.process.kill('SIGINT')
    expect((await running.ended).code).toBe(130)
  })

  test('top shows the board, changes it by keys, and leaves the terminal as it was', async () => {
    const running = onTerminal(['top'], { env })
    await until('it shows the queue', () => running.written.out.includes('■ mail'))
    running.process.stdin?.write('4')
    await until('it shows the dead letters', () => running.written.out.includes('FINGERPRINT'))
    running.process.stdin?.write('1p')
    await until('the queue is paused', held)
    await until('the screen says so', () => /■ mail.*paused/.test(running.written.out.split('\u001b[H').at(-1) ?? ''))
    running.process.stdin?.write('p')
    await until('the queue goes on', async () => !(await held()))
    running.process.stdin?.write('q')
    const { code, out } = await running.ended
    expect([code, out.startsWith('\u001b[?1049h'), out.trimEnd().endsWith('\u001b[?1049l')]).toEqual([0, true, true])
  })

  test('dash answers on this machine, and tells where', async () => {
    const running = begin(['dash', '--port', '0', '--read-only', '--json'], { env })
    await until('it says where', () => running.written.out.includes('}'))
    const { url } = JSON.parse(running.written.out) as { url: string }
    const answer = await fetch(new URL('api/queues', url))
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('mail')])
    running.process.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
  })

  test('dev runs a broker and the services, starts them again when a file changes, and leaves nothing behind', async () => {
    const service = (word: string) => `
import { topic } from 'callboard'
export default (board) => board.service('${word}').subscribe(topic('news'), () => undefined)
`
    const folder = app({ 'app.js': service('first') })
    const running = begin(['dev', './app.js', '--memory', '--port', '0'], { cwd: folder })
    await until('the first runs', () => running.written.err.includes('first is running'))
    const url = /nats:\/\/[\d.:]+/.exec(running.written.err)?.[0] ?? ''
    writeFileSync(join(folder, 'app.js'), service('second'))
    await until('the second runs', () => running.written.err.includes('second is running'))
    const seen = await cli(['subs', '--json'], { env: { CALLBOARD_URL: url } })
    expect(
      JSON.parse(seen.out)
        .map(({ service }: { service: string }) => service)
        .sort(),
    ).toEqual(['first', 'second'])
    running.process.kill('SIGTERM')
    expect((await running.ended).code).toBe(0)
    expect((await cli(['subs'], { env: { CALLBOARD_URL: url } })).code).toBe(3)
    expect(existsSync(join(folder, '.callboard'))).toBe(false)
  })
})

describe('completions', () => {
  /** Presses Tab in bash behind a line, and gives what is offered. */
  function pressed(line: string): string[] {
    const folder = mkdtempSync(join(built, 'bin-'))
    writeFileSync(join(folder, 'callboard'), `#!/bin/sh\nexec '${process.execPath}' '${join(built, 'dist/tools/cli.js')}' "$@"\n`)
    chmodSync(join(folder, 'callboard'), 0o755)
    const words = line.split(' ')
    const script = `source <(callboard completion bash); COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _callboard; printf '%s\\n' "\${COMPREPLY[@]}"`
    const run = spawnSync('bash', ['--norc', '-c', script], {
      encoding: 'utf8',
      env: { ...env, CALLBOARD_COMPLETE_WITHIN: '10s', PATH: `${folder}:${process.env.PATH}` },
    })
    rmSync(folder, { recursive: true })
    return run.stdout.split('\n').filter((word) => word !== '')
  }

  test.each([
    ['callboard que', ['queues']],
    ['callboard dead re', ['redrive']],
    ['callboard enqueue x --pri', ['--priority']],
    ['callboard enqueue x --priority ', ['high', 'normal', 'low']],
    ['callboard queues ', ['mail']],
    ['callboard enqueue m', ['mail.send']],
    ['callboard nothing $(touch /tmp/never) ', []],
  ])('%s and Tab offers %j', (line, offered) => {
    expect(pressed(line)).toEqual(expect.arrayContaining(offered))
  })

  test.each(['zsh', 'fish', 'powershell'])('there is a script for %s', async (shell) => {
    const { code, out } = await cli(['completion', shell])
    expect([code, out]).toEqual([0, expect.stringMatching(/callboard[\s\S]*complete/)])
  })

  test('a shell nobody knows is refused', async () => expect((await cli(['completion', 'tcsh'])).code).toBe(2))
})

test('nothing that is published names a source file', () => {
  const files = readdirSync(join(built, 'dist'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js'))
  // Of a function with `await using` the compiler forgets to rewrite what is imported on the way.
  const left = files.filter((path) => /\b(import|from)\s*\(?\s*['"][^'"]*\.ts['"]/.test(readFileSync(join(built, 'dist', path), 'utf8')))
  expect([files.length > 100, left]).toEqual([true, []])
})
