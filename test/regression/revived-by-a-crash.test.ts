import { callboard } from 'callboard'
import { expect, test } from 'vitest'
import { broker, streams } from '../support/board.ts'
import { ownBroker } from '../support/outage.ts'
import { until } from '../support/until.ts'

test('what was forgotten, or has expired, does not come back with a broker that was killed', async () => {
  await using server = await ownBroker()
  await using board = await callboard({ servers: server.url, log: false })
  const { records } = board
  const names = ['forgotten', 'expired', 'kept']
  const place = (name: string) => records.place('test', name)
  const values = () => Promise.all(names.map(async (name) => (await records.get(place(name)))?.value))
  for (const name of names) await records.put(place(name), 'before')
  await records.put(place('expired'), 'after', { ttl: 1000 })
  await records.put(place('kept'), 'after')
  await records.forget(place('forgotten'))
  {
    await using beside = await broker(server.url)
    const stored = async () => {
      const { state } = await beside.manager.streams.info(streams(board).table, { subjects_filter: `${board.namespace}.table.own.test.*` })
      return Object.keys(state.subjects ?? {}).length
    }
    await until('not even the marks of what is gone are left', async () => (await stored()) === 1)
  }
  await server.kill()
  await server.start()
  expect(await values()).toEqual([undefined, undefined, 'after'])
})
