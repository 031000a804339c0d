import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { callboard } from 'callboard'
import { expect, inject, test } from 'vitest'
import { namespace } from '../support/namespace.ts'

test('a broker that says nothing to the first dial, because it or we have too much to do, is dialled again', async () => {
  const broker = Number(new URL(inject('natsUrl')).port)
  const sockets: Socket[] = []
  let dials = 0
  const door = createServer((from) => {
    sockets.push(from.on('error', () => undefined))
    if (++dials === 1) return
    const to = connect(broker, '127.0.0.1').on('error', () => undefined)
    sockets.push(to)
    from.pipe(to).pipe(from)
  })
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  try {
    const servers = `nats://127.0.0.1:${(door.address() as AddressInfo).port}`
    await using board = await callboard({ servers, namespace: namespace(), log: false })
    expect([dials > 1, await board.inspect.topics()]).toEqual([true, []])
  } finally {
    for (const socket of sockets) socket.destroy()
    door.close()
  }
})
