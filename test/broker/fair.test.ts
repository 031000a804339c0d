import { crc32 } from 'node:zlib'
import { queue, task } from 'callboard'
import { expect, test } from 'vitest'
import { beside, broker, openBoard, streams, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

interface Letter {
  tenant: string
  n: number
}

const strands = 16

/** The strand of a tenant, as docs/wire-format.md says. */
const strandOf = (tenant: string) => (crc32(tenant) % 64) % strands

/** Tenants, each in a strand of its own, none in that of the big one. */
function small(wanted: number): string[] {
  const taken = new Map([[strandOf('big'), 'big']])
  for (let n = 0; taken.size <= wanted; n++) if (!taken.has(strandOf(`small-${n}`))) taken.set(strandOf(`small-${n}`), `small-${n}`)
  return [...taken.values()].slice(1)
}

const backlog = 600

test.each([
  ['a work queue', queue('shared')],
  ['a bounded queue', queue('shared', { limit: { tasks: 100_000 } })],
  ['a log', queue('shared', { layout: 'log' })],
])('what one tenant has waiting in %s delays the first of another by a round, not by all of it', async (_, shared) => {
  const send = task<Letter>('send', { fair: ({ tenant }) => tenant, queue: shared })
  await using board = await openBoard()
  await using other = await beside(board)
  await using beyond = await broker()
  const began: string[] = []
  const attempts = new Set<number>()
  const held: (() => void)[][] = []
  let open = false
  await board.enqueueMany(
    send,
    Array.from({ length: backlog }, (_, n) => ({ tenant: 'big', n })),
  )
  // Nothing ends before the test says so: what begins is counted, not timed.
  for (const [index, each] of [board, other].entries()) {
    held.push([])
    await each
      .service('sender')
      .perform(
        send,
        ({ tenant, n }, { attempt }) => {
          began.push(`${tenant} ${n}`)
          attempts.add(attempt)
          if (!open) return new Promise<void>((resolve) => held[index]?.push(resolve))
        },
        { concurrency: 4 },
      )
      .start()
  }
  const allBusy = () => until('all slots are taken', () => held.every(({ length }) => length === 4), 30_000)
  const delays: number[] = []
  for (const tenant of small(5)) {
    await allBusy()
    await board.enqueue(send, { tenant, n: 0 })
    const strand = `send@${strandOf(tenant)}of${strands}`
    const handedOver = async () => (await beyond.manager.consumers.info(streams(board).queue('shared'), strand)).num_ack_pending > 0
    await until('it has come to a worker', handedOver, 30_000)
    const before = began.length
    while (!began.includes(`${tenant} 0`) && began.length < backlog) {
      for (const ends of held) ends.shift()?.()
      await allBusy()
    }
    delays.push(began.indexOf(`${tenant} 0`) - before)
  }
  // Two strands have something waiting, so it is next or next but one; the rest is for what was on its way to the worker.
  for (const delay of delays) expect(delay).toBeLessThan(2 * strands)
  open = true
  for (const end of held.flat()) end()
  await until('all are served', () => began.length >= backlog + delays.length, 180_000)
  expect([new Set(began).size, [...attempts]]).toEqual([backlog + delays.length, [1]])
})

test('what was delayed in a bounded queue has its turn when it is due, and is done once', async () => {
  const send = task<Letter>('send', { fair: ({ tenant }) => tenant, queue: queue('shared', { limit: { tasks: 1000 } }) })
  await using board = await openBoard()
  const began: string[] = []
  const delayed = small(15).concat('big')
  await board.enqueueMany(
    send,
    delayed.map((tenant, n) => ({ tenant, n })),
    { delay: 1500 },
  )
  await board.enqueueMany(
    send,
    delayed.map((tenant) => ({ tenant, n: -1 })),
  )
  await using _ = await board
    .service('sender')
    .perform(send, ({ tenant, n }, { attempt }) => void began.push(`${tenant} ${n} ${attempt}`))
    .start()
  await until('all are done', () => began.length >= 2 * delayed.length, 30_000)
  const expected = delayed.flatMap((tenant, n) => [`${tenant} ${n} 1`, `${tenant} -1 1`])
  expect(began.toSorted()).toEqual(expected.toSorted())
})

test('what cannot be fair is refused, all of it at once', async () => {
  const keyed = () => 'k'
  const given = { fair: keyed, ordered: keyed, lanes: ['high', 'low'] } as never
  const refused = await thrownBy(() => task('t', given))
  expect([refused.code, refused.message]).toEqual(['INVALID_OPTION', expect.stringMatching(/fair, too.*several lanes/s)])
  expect(await thrownBy(() => task('t', { fair: 'tenant' } as never))).toMatchObject({ code: 'INVALID_OPTION' })
})
