/** One job, said twice: as things that happen, and as work that is asked for. */

import { task, topic } from 'callboard'
import { z } from 'zod'

const order = z.object({ order: z.number().int().positive() })

export const placed = topic('orders.placed', order)
export const reserved = topic('stock.reserved', order)
export const refused = topic('stock.refused', order)

const retry = { attempts: 3, backoff: '200ms' } as const

export const reserve = task('stock.reserve', { input: order, output: z.object({ ok: z.boolean() }), retry })
export const sendReceipt = task('receipt.send', { input: order, output: z.object({ number: z.string() }), retry })
