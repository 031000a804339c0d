/** Asks for one large task, and is killed when its body is stored and the task is to be. argv: JSON with servers and namespace. */

import { callboard } from 'callboard'
import { killedWhenSaying } from './dying.ts'
import { fiveMegabytes, scan } from './large.ts'

const where = JSON.parse(process.argv[2] ?? '{}') as { servers: string; namespace: string }
const board = await callboard({ ...where, log: false })
await board.declare(scan)
killedWhenSaying(`${where.namespace}.task.`)
await board.enqueue(scan, { data: fiveMegabytes(), hang: false }, { id: 'once' })
