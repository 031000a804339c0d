/**
 * A worker with gates, or one that pulls, which tells when each run began and ended.
 *
 * argv     JSON: servers, namespace, concurrency, which contract (or `events`), how many in a batch, and which gates; or how many it pulls at a time
 * prints   ready, `began n attempt key at id sentAt`, `ended …` with the same words; at is ms of the machine's monotonic clock
 *
 * SIGUSR2 has it say `heard` when it has heard all that the broker has sent it before. SIGHUP has it let go of what is held, now and
 * later. Ends by SIGTERM after a drain.
 */

import { callboard, type Duration, type EventContext, type GatePlan, type TaskContext } from 'callboard'
import { concurrency, perKey, rate } from 'callboard/limits'
import { pull } from 'callboard/pull'
import { contracts, held, type Limited, limitedSaid, machineTime } from './limited.ts'
import { type OwnGate, ownGate } from './own-gate.ts'
import { until } from './until.ts'

const given = JSON.parse(process.argv[2] ?? '{}') as {
  servers: string
  namespace: string
  slots: number
  as?: keyof typeof contracts | 'events'
  batch?: number
  pulls?: number
  lease?: Duration
  own?: OwnGate
  concurrency?: number
  rate?: [count: number, per: number, burst: number]
  key?: { concurrency?: number; rate?: { count: number; per: number; burst?: number } }
}
const shared = { name: 'shared', lease: '2s' } as const
const gates: GatePlan[] = [
  ...(given.concurrency === undefined ? [] : [concurrency(given.concurrency, shared)]),
  ...(given.rate === undefined ? [] : [rate(given.rate[0], given.rate[1], { ...shared, burst: given.rate[2] })]),
  ...(given.key === undefined ? [] : [perKey(({ key }: Limited) => key, given.key, { name: 'keys', lease: '2s' })]),
  ...(given.own === undefined ? [] : [ownGate(given.own, console.log)]),
]

const board = await callboard({ servers: given.servers, namespace: given.namespace, log: false })
board.on('trouble', ({ what, error }) => console.log(`trouble ${what} ${error}`))

const letGo = new Promise((resolve) => process.once('SIGHUP', resolve))

function tell(word: string, { n, key }: Limited, { attempt, id, sentAt }: TaskContext | EventContext): void {
  console.log(`${word} ${n} ${attempt} ${key} ${machineTime()} ${id} ${sentAt.getTime()}`)
}

async function last({ ms }: Limited): Promise<void> {
  const over = machineTime() + ms
  if (ms === held) await until('it is let go', letGo, 300_000)
  else if (ms > 0) await until('its time is over', () => machineTime() >= over, ms + 10_000)
}

async function work(input: Limited, context: TaskContext | EventContext): Promise<void> {
  tell('began', input, context)
  await last(input)
  tell('ended', input, context)
}

/** Takes so many again and again, and answers them one by one. */
async function pulling(max: number): Promise<never> {
  for (;;) {
    await using taken = await pull(board, contracts.plain, { max, wait: '1s', workerLease: taking.lease })
    for (const { input, ctx } of taken) tell('began', input, ctx)
    for (const item of taken) {
      await last(item.input)
      item.ack()
      tell('ended', item.input, item.ctx)
    }
  }
}

const { as = 'plain', batch, pulls } = given
const taking = { gates, lease: given.lease ?? '30s' }
const builder = board.service('limited')
if (as === 'events' && batch !== undefined)
  builder.subscribe(
    limitedSaid,
    async (items) => {
      for (const item of items) {
        await work(item.event, item)
        if (item.event.key === 'again' && item.attempt === 1) item.fail(new Error('the first time'))
        else item.done()
      }
    },
    { ...taking, batch: { size: batch, within: 100 }, retry: { attempts: 5, backoff: 10 } },
  )
else if (as !== 'events' && pulls === undefined) builder.perform(contracts[as], work, { ...taking, concurrency: given.slots })
const service = await builder.start()
// Behind all that the broker has sent before comes the answer to what it is asked now.
process.on('SIGUSR2', () => void board.inspect.broker().then(() => console.log('heard')))
console.log('ready')
if (pulls !== undefined) await pulling(pulls)
process.once('SIGTERM', async () => {
  await service.stop()
  await board.close()
})
