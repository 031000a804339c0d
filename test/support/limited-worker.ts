/**
 * A worker with gates, which tells when each run began and ended.
 *
 * argv     JSON: servers, namespace, concurrency, which contract (or `events`), how many in a batch, and which gates
 * prints   ready, `began n attempt key at id sentAt`, `ended …` with the same words; at is ms of the machine's monotonic clock
 *
 * SIGUSR2 has it say `heard` when it has heard all that the broker has sent it before. Ends by SIGTERM after a drain.
 */

import { callboard, type Duration, type EventContext, type GatePlan, type TaskContext } from 'callboard'
import { concurrency, perKey, rate } from 'callboard/limits'
import { contracts, type Limited, limitedSaid, machineTime } from './limited.ts'
import { until } from './until.ts'

const given = JSON.parse(process.argv[2] ?? '{}') as {
  servers: string
  namespace: string
  slots: number
  as?: keyof typeof contracts | 'events'
  batch?: number
  lease?: Duration
  concurrency?: number
  rate?: [count: number, per: number, burst: number]
  key?: { concurrency?: number; rate?: { count: number; per: number; burst?: number } }
}
const shared = { name: 'shared', lease: '2s' } as const
const gates: GatePlan[] = [
  ...(given.concurrency === undefined ? [] : [concurrency(given.concurrency, shared)]),
  ...(given.rate === undefined ? [] : [rate(given.rate[0], given.rate[1], { ...shared, burst: given.rate[2] })]),
  ...(given.key === undefined ? [] : [perKey(({ key }: Limited) => key, given.key, { name: 'keys', lease: '2s' })]),
]

const board = await callboard({ servers: given.servers, namespace: given.namespace, log: false })
board.on('trouble', ({ what, error }) => console.log(`trouble ${what} ${error}`))

async function work({ n, key, ms }: Limited, { attempt, id, sentAt }: TaskContext | EventContext): Promise<void> {
  const tell = (word: string) => console.log(`${word} ${n} ${attempt} ${key} ${machineTime()} ${id} ${sentAt.getTime()}`)
  tell('began')
  const over = machineTime() + ms
  if (ms > 0) await until('its time is over', () => machineTime() >= over, ms + 10_000)
  tell('ended')
}

const { as = 'plain', batch } = given
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
else if (as !== 'events') builder.perform(contracts[as], work, { ...taking, concurrency: given.slots })
const service = await builder.start()
// Behind all that the broker has sent before comes the answer to what it is asked now.
process.on('SIGUSR2', () => void board.inspect.broker().then(() => console.log('heard')))
console.log('ready')
process.once('SIGTERM', async () => {
  await service.stop()
  await board.close()
})
