/** `callboard topics`: what is announced, and who hears it. */

import type { TopicView } from '../../extras/admin/index.ts'
import type { Call } from '../cli/call.ts'
import { type Column, table } from '../cli/table.ts'
import { ago, count, many } from '../cli/words.ts'
import { placeColumns } from './subs.ts'

/** How a topic is shown. */
export const topicColumns = (now: number): readonly Column<TopicView>[] => [
  { head: 'TOPIC', field: 'name', text: ({ name }) => `◇ ${name}`, style: () => 'cyan' },
  { head: 'STORED', field: 'stored', right: true, text: ({ stored }) => count(stored) },
  { head: 'OLDEST', field: 'oldest', text: ({ oldest }) => ago(oldest, now), spare: 1 },
  { head: 'IN/s', field: 'rate', right: true, text: ({ rate }) => rate?.toFixed(1) ?? '', spare: 2 },
  {
    head: 'HEARD BY',
    field: 'subscriptions',
    text: ({ subscriptions }) => (subscriptions.length === 0 ? 'nobody' : subscriptions.map(({ service }) => `┄┄▷ ${service}`).join(' ')),
  },
]

/** `callboard topics [name]`. */
export async function topics(call: Call): Promise<undefined> {
  const [name] = call.args
  const admin = await call.admin()
  if (name !== undefined) {
    const one = await admin.topic(name)
    return call.show(one, () => [
      ...table(topicColumns(Date.now()), [one], call.out),
      ...(one.subscriptions.length > 0 ? ['', ...table(placeColumns(Date.now()), one.subscriptions, call.out)] : []),
    ])
  }
  const all = await admin.topics()
  call.show(all, () =>
    all.length === 0
      ? ['no topics: nothing is published, and nobody subscribes']
      : [...table(topicColumns(Date.now()), all, call.out), call.out.paint('dim', many(all.length, 'topic'))],
  )
}
