/**
 * Another process with a handle, which knows of a task only its id.
 *
 * argv     servers, namespace, id, and what to do: result or cancel
 * prints   what came of it, as JSON
 */

import { callboard } from 'callboard'
import { fragile } from './fragile.ts'

const [servers = '', namespace = '', id = '', wanted = ''] = process.argv.slice(2)
await using board = await callboard({ servers, namespace, log: false })
const handle = board.handle(fragile, id)
console.log(`status ${JSON.stringify(await handle.status())}`)
if (wanted === 'cancel') console.log(`cancelled ${await handle.cancel()}`)
else console.log(`result ${JSON.stringify(await handle.result({ timeout: '25s' }))}`)
