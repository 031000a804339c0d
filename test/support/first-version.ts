/** What is said and done once in each version of the wire format, so that its bytes can be kept: contracts, and a board full of what they leave behind. */

import { jetstream } from '@nats-io/jetstream'
import { type Board, Reject, task, topic } from 'callboard'
import { headers } from 'nats'
import { type Broker, gathered } from './board.ts'
import { until } from './until.ts'

export const placed = topic<{ order: string }>('orders.placed')
export const plain = task<{ n: number }>('plain.do', { queue: 'kept', retry: { attempts: 2, backoff: '1ms' } })
export const written = task<{ text: string; bytes: boolean }>('written.do', { queue: 'kept', encoding: 'json' })
export const tracked = task<{ n: number }, { twice: number; raw: Uint8Array }>('tracked.do', { queue: 'kept', track: true, keep: '36500d' })
export const refused = task<{ why: string }>('refused.do', { queue: 'kept' })

/** A namespace as long as those of tests, so that one can be put in the place of the other. */
export const keptNamespace = 'tkeptkeptkept'

/** Leaves one of everything behind. Nobody performs what waits. */
export async function leave(board: Board): Promise<void> {
  await board.declare(placed, plain, written, tracked, refused)
  const working = await board
    .service('worker')
    .perform(tracked, ({ n }) => ({ twice: 2 * n, raw: Uint8Array.of(n, 255) }))
    .perform(refused, ({ why }) => {
      // A stack would name the machine on which this was kept.
      throw Object.assign(new Reject(why), { stack: `Reject: ${why}` })
    })
    .start()
  const done = await board.enqueue(tracked, { n: 21 }, { id: 'tracked-1' })
  await done.result({ timeout: '1m' })
  const dead = await board.enqueue(refused, { why: 'no such mailbox' }, { id: 'refused-1', headers: { tenant: 'acme' } })
  await until('it is given up', async () => (await dead.status()).state === 'dead')
  const cancelled = await board.enqueue(tracked, { n: 2 }, { id: 'tracked-2', delay: '36500d' })
  await cancelled.cancel()
  await working.stop()
  await board.publish(placed, { order: '7001' }, { id: 'event-1', key: 'ann', headers: { tenant: 'acme' } })
  await board.publish(placed, { order: '7002' }, { id: 'event-2' })
  await board.enqueue(plain, { n: 1 }, { id: 'plain-1' })
  await board.enqueueMany(plain, [{ n: 2 }, { n: 3 }])
  await board.enqueue(plain, { n: 4 }, { id: 'plain-4', unique: 'four', headers: { tenant: 'acme' }, retry: { attempts: 3 } })
  await board.enqueue(plain, { n: 5 }, { id: 'plain-5', delay: '36500d' })
  await board.enqueue(written, { text: 'as JSON', bytes: false }, { id: 'written-1' })
  await board.records.put(board.records.place('kept', 'record'), { since: 1 })
  await board.schedules.set('digest', { cron: '0 0 9 * * 1-5', zone: 'Asia/Kolkata' }, plain, { n: 6 })
  await board.ledger.flush()
}

/** A message as it was stored. */
export interface KeptMessage {
  readonly subject: string
  /** As they stand in the block, without the first line. */
  readonly headers: readonly string[]
  /** In base64. */
  readonly body: string
}

/** Everything stored under the namespace of a board, stream by stream. What expires within minutes is left out. */
export async function storedBy({ namespace }: Board, { nc, manager }: Pick<Broker, 'nc' | 'manager'>): Promise<KeptMessage[]> {
  const kept: KeptMessage[] = []
  const names = (await gathered(manager.streams.names())).filter((name) => name.startsWith(`${namespace.toUpperCase()}_`))
  for (const name of names.sort()) {
    const { state } = await manager.streams.info(name)
    for (let seq = state.first_seq; seq <= state.last_seq; seq++) {
      const answer = await nc.request(`$JS.API.STREAM.MSG.GET.${name}`, JSON.stringify({ seq }))
      const { message } = answer.json<{ message?: { subject: string; hdrs?: string; data?: string } }>()
      if (message === undefined || /\.table\.(worker|sweep)\b/.test(message.subject)) continue
      const block = Buffer.from(message.hdrs ?? '', 'base64').toString()
      kept.push({ subject: message.subject, headers: block.split('\r\n').slice(1).filter(Boolean), body: message.data ?? '' })
    }
  }
  return kept
}

/** Stores kept messages anew, under the namespace of a board. What was asked of the broker with them alone, as the place they had, is left out. */
export async function storeAgain({ namespace }: Board, { nc }: Pick<Broker, 'nc'>, messages: readonly KeptMessage[]): Promise<void> {
  const here = (text: string) => text.replaceAll(keptNamespace, namespace).replaceAll(keptNamespace.toUpperCase(), namespace.toUpperCase())
  const js = jetstream(nc)
  for (const { subject, headers: lines, body } of messages) {
    const fields = headers()
    for (const line of lines.filter((each) => !/^Nats-(Expected|Batch)/.test(each))) {
      const [name = '', value = ''] = line.split(/: ?(.*)/s)
      fields.append(name, here(value))
    }
    await js.publish(here(subject), Buffer.from(here(Buffer.from(body, 'base64').toString('latin1')), 'latin1'), { headers: fields })
  }
}
