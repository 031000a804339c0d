/**
 * A worker with gates, which tells when each run began and ended.
 *
 * argv     JSON: servers, namespace, concurrency, which contract, and which gates
 * prints   ready, `began n attempt key at`, `ended n attempt key at`; at is ms of the machine's monotonic clock
 *
 * Ends by SIGTERM after a drain.
 */

import { callboard, type Duration, type GatePlan } from 'callboard'
import { concurrency, perKey, rate } from 'callboard/limits'
import { contracts, type Limited, machineTime } from './limited.ts'
import { until } from './until.ts'

const given = JSON.parse(process.argv[2] ?? '{}') as {
  servers: string
  namespace: string
  slots: number
  as?: keyof typeof contracts
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
const service = await board
  .service('limited')
  .perform(
    contracts[given.as ?? 'plain'],
    async ({ n, key, ms }, { attempt }) => {
      console.log(`began ${n} ${attempt} ${key} ${machineTime()}`)
      const over = machineTime() + ms
      if (ms > 0) await until('its time is over', () => machineTime() >= over, ms + 10_000)
      console.log(`ended ${n} ${attempt} ${key} ${machineTime()}`)
    },
    { concurrency: given.slots, gates, lease: given.lease ?? '30s' },
  )
  .start()
console.log('ready')
process.once('SIGTERM', async () => {
  await service.stop()
  await board.close()
})
