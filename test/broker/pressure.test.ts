/** A producer that is much faster than its workers: memory stays flat at both ends, and nothing is lost. */

import { queues } from 'callboard/queues'
import { expect, inject, test } from 'vitest'
import { broker, openBoard, streams } from '../support/board.ts'
import { heavy, mostHeld, taskBytes } from '../support/pressure.ts'
import { type Program, program } from '../support/program.ts'
import { until } from '../support/until.ts'

/** The numbers behind a word. */
const told = ({ lines }: Program, word: string): number[] =>
  lines.filter((line) => line.startsWith(`${word} `)).map((line) => Number(line.split(' ')[1]))

/** How much more was held in the second half than in the first. */
const grown = (held: readonly number[]): number => Math.max(...held.slice(held.length / 2)) - Math.max(...held.slice(0, held.length / 2))

/** What a process may hold more later on: far less than goes through it meanwhile. */
const flat = 6 * 1024 * 1024

test.each([
  ['wait', 1000],
  ['reject', 1500],
] as const)(
  'a producer far ahead of its workers runs flat and has to %s, while one of them is killed; nothing is lost',
  async (full, total) => {
    await using board = await openBoard()
    const given = { servers: inject('natsUrl'), namespace: board.namespace, full, total }
    const start = (file: string, from = 0) => program(`test/support/pressure-${file}.ts`, [JSON.stringify({ ...given, from })])
    await using first = start('worker')
    await using second = start('worker')
    await Promise.all([first.says('ready'), second.says('ready')])
    await using producer = start('producer')
    await using doomed = start('producer', 1_000_000)
    await using here = await broker()
    let most = 0
    const look = async () => {
      const { messages } = (await here.manager.streams.info(streams(board).queue('pressed'))).state
      most = Math.max(most, messages)
      return most
    }
    await until('the queue is full', async () => (await look()) === mostHeld, 180_000)
    await until('the other producer has stored some', () => told(doomed, 'stored').length > 20, 180_000)
    await doomed.kill()
    await until('the first has run some', () => told(first, 'ran').length > 40, 180_000)
    await first.kill()
    await using third = start('worker')
    const asked = Number(
      (
        await until(
          'the producer is done',
          async () => {
            await look()
            return producer.lines.find((line) => line.startsWith('done '))
          },
          180_000,
        )
      )?.split(' ')[1],
    )
    await until('nothing waits', queues(board).drain('pressed'), 180_000)

    const stored = told(producer, 'stored')
    const toldBefore = told(doomed, 'stored')
    const workers = [first, second, third]
    const ran = () => workers.flatMap((each) => told(each, 'ran'))
    await until('all that was stored has run', () => [...stored, ...toldBefore].every((n) => ran().includes(n)))
    // A producer that is killed may have stored what it had asked for last, and told nobody.
    const untold = new Set(ran().filter((n) => !stored.includes(n) && !toldBefore.includes(n)))
    expect([...untold].every((n) => n >= 1_000_000)).toBe(true)
    expect(untold.size).toBeLessThanOrEqual(64)
    // What ran twice was in the hands of the worker that was killed.
    expect(ran().length - new Set(ran()).size).toBeLessThanOrEqual(mostHeld)
    expect(most).toBe(mostHeld)
    expect(asked).toBe(total)
    if (full === 'wait') expect(stored).toHaveLength(total)
    else expect(stored.length).toBeLessThan(total)
    // After all of that the limit is what it was.
    await Promise.all([second.kill(), third.kill()])
    const more = await Promise.allSettled(
      Array.from({ length: mostHeld + 50 }, (_, n) => board.enqueue(heavy('reject'), { n, data: new Uint8Array(1) })),
    )
    expect(more.filter(({ status }) => status === 'fulfilled')).toHaveLength(mostHeld)
    expect((total / 2) * taskBytes).toBeGreaterThan(flat)
    for (const each of [producer, second]) {
      expect(told(each, 'held').length).toBeGreaterThan(1)
      expect(grown(told(each, 'held'))).toBeLessThan(flat)
    }
  },
)
