/**
 * A worker of ordered tasks or events, which writes what it does: `began <key> <n> <attempt>` and `ended <key> <n>`, or `failed <key> <n>`.
 *
 * argv   servers, namespace, history (a file all workers append to), and after how many begun steps it is killed in the middle of one, if at all; `tasks` or `events`, by key or `in single file`
 */

import { appendFileSync } from 'node:fs'
import { callboard } from 'callboard'
import { step, stepInFile, stepped } from './order.ts'

const [servers = '', namespace = '', history = '', most = '', what = 'tasks'] = process.argv.slice(2)
let begun = 0
const write = (...words: unknown[]) => appendFileSync(history, `${words.join(' ')}\n`)

const board = await callboard({ servers, namespace, log: false })

async function take({ key, n }: { key: string; n: number }, { attempt }: { attempt: number }): Promise<void> {
  write('began', key, n, attempt, process.pid)
  if (++begun === Number(most)) process.kill(process.pid, 'SIGKILL')
  await new Promise((resolve) => setImmediate(resolve))
  if (n % 7 === 3 && attempt === 1) {
    write('failed', key, n, attempt, process.pid)
    throw new Error('the first time')
  }
  write('ended', key, n, attempt, process.pid)
}

const workers = board.service('workers')
const retry = { attempts: 10, backoff: 20 }
const byKey = { ordered: ({ key }: { key: string }) => key, strands: 8 } as const
const inFile = what.endsWith('in single file')
const service = await (what.startsWith('events')
  ? workers.subscribe(stepped, take, { ...(inFile ? { ordered: true } : byKey), retry, lease: 1000 })
  : workers.perform(inFile ? stepInFile : step, take, { lease: 1000 })
).start()
console.log('ready')
process.once('SIGTERM', () => void service.stop().then(() => board.close()))
