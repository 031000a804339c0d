/**
 * A worker of large tasks. Tells when one began. argv: JSON with servers and namespace, and at which moment it is killed, if at all.
 *
 * takes   it was handed a task, and asks for the body that lies beside it
 */

import { callboard } from 'callboard'
import { killedWhenSaying } from './dying.ts'
import { scan, sumOf } from './large.ts'

const { dies, ...where } = JSON.parse(process.argv[2] ?? '{}') as { servers: string; namespace: string; dies?: 'takes' }
if (dies === 'takes') killedWhenSaying(`$JS.API.DIRECT.GET.${where.namespace.toUpperCase()}_OBJECTS`)
const board = await callboard({ ...where, log: false })
await board
  .service('scanner')
  .perform(
    scan,
    async ({ data, hang }, { attempt }) => {
      console.log(`began ${attempt}`)
      if (hang && attempt === 1) await new Promise(() => undefined)
      return sumOf(data)
    },
    { lease: 2_000 },
  )
  .start()
console.log('ready')
