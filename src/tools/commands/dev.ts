/** `callboard dev`: a broker, and the services of a module that are started again when its files change. */

import { type ChildProcess, spawn } from 'node:child_process'
import { type FSWatcher, readdirSync, watch } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Server } from '../../extras/server/index.ts'
import type { Call } from '../cli/call.ts'
import { aborted } from './start.ts'

/** How many ports are tried where the wanted one is taken. */
const mostPorts = 20
/** Folders watched at most. */
const mostFolders = 500
/** Files come in bunches: how long it is quiet before services are started again, in ms. */
const quiet = 150

/** `callboard dev [entry]`. */
export async function dev(call: Call): Promise<number> {
  const [entry] = call.args
  const server = await serverAt(call, call.number('port') ?? 4222)
  try {
    const dashboard = call.off('dashboard') ? undefined : await shown(call, server.url)
    banner(call, server, entry, dashboard)
    if (entry === undefined) await Promise.race([aborted(call.signal), server.exited])
    else await reloading(call, server, resolve(call.host.cwd(), entry))
  } finally {
    // Before the broker goes: a board would wait for it to come back.
    await call.close()
    await server.stop()
  }
  return 0
}

/** The dashboard of this broker. */
async function shown(call: Call, url: string): Promise<string> {
  const [{ serve }, board, { topics, tasks }] = await Promise.all([
    import('../dashboard/index.ts'),
    call.board({ servers: url }),
    call.contracts(),
  ])
  const served = await serve(board, { contracts: [...topics.values(), ...tasks.values()] as never })
  call.signal.addEventListener('abort', () => void served.close(), { once: true })
  return served.url
}

/** The wanted port, else the next that is free. */
async function serverAt(call: Call, wanted: number): Promise<Server> {
  const { startServer } = await import('../../extras/server/index.ts')
  const memory = call.on('memory')
  if (!memory) await ignored(join(call.host.cwd(), '.callboard'))
  for (let port = wanted; ; port++) {
    try {
      return await startServer({ port, store: memory ? 'memory' : '.callboard/nats', signal: call.signal })
    } catch (error) {
      const taken = (error as { code?: string }).code === 'SERVER_PORT_TAKEN'
      if (!taken || call.on('strictPort') || port === 0 || port >= wanted + mostPorts) throw error
      call.err.line(`${call.err.paint('yellow', '!')} port ${port} is taken, we left it alone; trying ${port + 1}`)
    }
  }
}

/** Data is no source: git leaves the folder alone. */
async function ignored(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, '.gitignore'), '*\n', { flag: 'wx' }).catch(() => undefined)
}

function banner({ err, on }: Call, server: Server, entry: string | undefined, dashboard: string | undefined): void {
  const row = (label: string, value: string, remark: string) =>
    err.line(`  ${label.padEnd(9)} ${err.paint('bold', value)}   ${err.paint('dim', remark)}`)
  err.line()
  if (dashboard !== undefined) row('Dashboard', dashboard, 'in a browser')
  row('Broker', server.url, `nats-server ${server.version} (${server.binary.from})`)
  row('Data', on('memory') ? 'nowhere' : server.store, on('memory') ? 'forgotten at the end' : 'kept between runs; --memory forgets it')
  if (entry === undefined) row('Services', 'none', `callboard dev ./app.ts runs them; else set CALLBOARD_URL=${server.url}`)
  else row('Services', entry, 'started again when a file changes')
  err.line(`  ${err.paint('dim', `Ctrl-C stops in good order${entry !== undefined && err.tty ? '; r starts the services again' : ''}`)}`)
  err.line()
}

/** Runs the services in a process of their own, again and again, until the end. */
async function reloading(call: Call, server: Server, entry: string): Promise<void> {
  let child: ChildProcess | undefined
  let timer: NodeJS.Timeout | undefined
  let over = false
  const run = () => {
    const [node, program = ''] = process.argv
    const namespace = call.flag('namespace')
    const said = [...(namespace === undefined ? [] : ['--namespace', namespace]), ...(call.off('color') ? ['--no-color'] : [])]
    // A session of its own: Ctrl-C reaches only us, and we see to the order of the end. The channel tells it should we die.
    child = spawn(node ?? process.execPath, [...process.execArgv, program, 'start', entry, '--url', server.url, ...said], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true,
    })
    child.once('exit', (code, signal) => {
      if (!over && child?.exitCode !== 0) call.err.line(call.err.paint('red', `services ended (${signal ?? code}); waiting for a change`))
    })
  }
  const ended = (one: ChildProcess | undefined) =>
    new Promise<void>((done) => {
      if (!one || one.exitCode !== null || one.signalCode !== null) return done()
      one.once('exit', () => done())
      one.kill('SIGTERM')
    })
  let turn = Promise.resolve()
  const again = (why: string) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      turn = turn.then(async () => {
        if (over) return
        call.err.line(call.err.paint('dim', `↻ ${why}`))
        await ended(child)
        if (!over) run()
      })
    }, quiet)
  }
  const watchers = watched(dirname(entry), (file) => again(`${file} changed`))
  const unkeyed = keys(call, (key) => key === 'r' && again('started again'))
  run()
  await Promise.race([aborted(call.signal), server.exited])
  over = true
  clearTimeout(timer)
  unkeyed()
  for (const each of watchers) each.close()
  await turn
  await ended(child)
}

/** Watches a folder and those below it, but not what others put there. */
function watched(root: string, changed: (file: string) => void): FSWatcher[] {
  const folders = [root]
  for (const folder of folders) {
    if (folders.length >= mostFolders) break
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory() && !/^(\.|node_modules$|dist$|coverage$)/.test(entry.name)) folders.push(join(folder, entry.name))
  }
  return folders.slice(0, mostFolders).map((folder) =>
    watch(folder, (_, file) => {
      if (file && /\.([cm]?[jt]sx?|json)$/.test(file)) changed(file)
    }).on('error', () => undefined),
  )
}

/** Keys without Enter, where there is a keyboard. Gives back how to stop. */
function keys({ host, signal }: Call, pressed: (key: string) => void): () => void {
  const { stdin } = host
  if (!stdin.isTTY || signal.aborted) return () => undefined
  const hear = (data: Buffer) => {
    const key = data.toString()
    if (key === '\u0003' || key === 'q') process.kill(process.pid, 'SIGINT')
    else pressed(key)
  }
  stdin.setRawMode(true)
  stdin.resume().on('data', hear)
  return () => {
    stdin.off('data', hear).setRawMode(false)
    stdin.pause()
  }
}
