/**
 * Enqueues thousands in one call, again and again, until it is killed. Prints `stored` after each call.
 *
 * argv   servers, namespace; and, for one call with ids that follow from what is enqueued, how many tasks, and before telling the broker
 *        that which batch is whole it is killed (0: it is not)
 */

import { callboard } from 'callboard'
import { killedWhenSaying } from './dying.ts'
import { limited, manyId } from './limited.ts'

const [servers = '', namespace = '', count = '', dies = ''] = process.argv.slice(2)

if (Number(dies) > 0) killedWhenSaying('Nats-Batch-Commit', Number(dies))
const board = await callboard({ servers, namespace, log: false })
const tasks = (count: number) => Array.from({ length: count }, (_, n) => ({ n, key: 'k', ms: 0 }))
if (count !== '') {
  const handles = await board.enqueueMany(limited, tasks(Number(count)), { ids: tasks(Number(count)).map(({ n }) => manyId(n)) })
  console.log(`stored ${handles.filter(({ duplicate }) => duplicate).length}`)
  await board.close()
} else
  for (;;) {
    await board.enqueueMany(limited, tasks(20_000))
    console.log('stored')
  }
