/**
 * Runs the recipes of docs/guides/once.md, and ends by SIGKILL at a chosen moment.
 *
 * argv   servers, namespace, folder of the recipes, folder of the database or URL of the service, moment
 *
 * before  the effect is prepared, and is to be committed
 * after   the effect has happened, and the broker is to be told
 * whole   nothing happens to it
 */

import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PGlite, type Transaction } from '@electric-sql/pglite'
import { callboard } from 'callboard'
import { booked, charged } from './once.ts'

type Database = Pick<PGlite, 'transaction'>
interface Deposit {
  readonly tables: string
  deposit(db: Database, id: string, input: { name: string; cents: number }): Promise<boolean>
}
interface Charge {
  charge(url: string, id: string, input: { order: number; cents: number }, signal: AbortSignal): Promise<string>
}

const [servers = '', namespace = '', recipes = '', where = '', moment = ''] = process.argv.slice(2)
const recipe = (name: string) => import(pathToFileURL(join(recipes, name)).href)
const dieIf = (now: string) => moment === now && process.kill(process.pid, 'SIGKILL')

const board = await callboard({ servers, namespace, log: false })
const service = board.service('clerk')

if (where.startsWith('http:')) {
  const { charge } = (await recipe('charge.js')) as Charge
  service.perform(
    charged,
    async (input, ctx) => {
      const answer = await charge(where, ctx.id, input, ctx.signal)
      dieIf('after')
      return answer
    },
    { lease: 1000 },
  )
} else {
  const { deposit, tables } = (await recipe('deposit.js')) as Deposit
  const db = await PGlite.create(where)
  await db.exec(tables)
  const dying: Database = {
    transaction: (work: (tx: Transaction) => Promise<unknown>) =>
      db.transaction(async (tx) => {
        const made = await work(tx)
        dieIf('before')
        return made
      }) as never,
  }
  service.perform(
    booked,
    async (input, ctx) => {
      const first = await deposit(dying, ctx.id, input)
      dieIf('after')
      return first
    },
    { lease: 1000 },
  )
}
await service.start()
console.log('ready')
