/**
 * Shows implicit invocation, the listening end: a member of the group is a service with a subscription of its own. It gets its own
 * copy of every post, in order, also of those made while it was asleep; and again the one it was reading when it crashed.
 *
 * node --conditions=callboard-source --import tsx demos/group-notification/member.ts <name> [new | all]
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { callboard } from 'callboard'
import { onStage } from '../stage/child.ts'
import { posted } from './contracts.ts'
import { post } from './poster.ts'

const [name = 'somebody', from] = process.argv.slice(2)
const board = await callboard({ name })
const stage = onStage(board)

await board
  .service(`member-${name}`)
  .subscribe(
    posted,
    async ({ by, text }) => {
      if (by === name) return // nobody has to be told of what they said themselves
      await sleep(5 * text.length) // reading takes a moment
    },
    { from: from === 'all' ? 'all' : 'new', concurrency: 1, lease: '3s' },
  )
  .start()

stage.onCue('post', (text) => post(board, name, text))
stage.ready()
