import { task, topic } from 'callboard'
import { rehearse } from 'callboard/testing'
import { expect, test, vi } from 'vitest'

// The time is that of the clock under test; a busy machine takes more of its own.
vi.setConfig({ testTimeout: 60_000 })

interface Order {
  readonly order: number
}

const charge = task<Order, string>('order.charge', { track: true, retry: { attempts: 5, backoff: '1s' } })
const receipt = task<Order>('receipt.send')
const paid = topic<Order>('orders.paid')

/** A bank and a post. */
const outside = () => ({ charge: async (order: number, amount: number) => `${order}:${amount}`, mail: async (_to: string) => undefined })

test('a handler that does two things to the world doubles each where its process dies behind it', async () => {
  const report = await rehearse({
    task: charge,
    input: { order: 7 },
    effects: outside,
    handler:
      (world) =>
      async ({ order }) => {
        const done = await world.charge(order, 10)
        await world.mail('ann')
        return done
      },
  })
  expect(report.effects).toEqual(['charge(7, 10)', 'mail("ann")'])
  expect(report.crashes).toEqual([
    'before the handler',
    'before charge(7, 10)',
    'after charge(7, 10)',
    'before mail("ann")',
    'after mail("ann")',
    'after the handler',
  ])
  expect(report.doubled.map(({ effect, times, crash }) => `${effect} ${times} times: died ${crash}`)).toEqual([
    'charge(7, 10) 2 times: died after charge(7, 10)',
    'charge(7, 10) 2 times: died before mail("ann")',
    'charge(7, 10) 2 times: died after mail("ann")',
    'mail("ann") 2 times: died after mail("ann")',
    'charge(7, 10) 2 times: died after the handler',
    'mail("ann") 2 times: died after the handler',
  ])
  expect(report.missing).toEqual([])
})

test('what the other side knows again is no doubled effect', async () => {
  const report = await rehearse({
    task: charge,
    input: { order: 7 },
    effects: outside,
    idempotent: ['charge'],
    handler:
      (world) =>
      async ({ order }) =>
        world.charge(order, 10),
  })
  expect({ doubled: report.doubled, missing: report.missing }).toEqual({ doubled: [], missing: [] })
})

test('what a handler enqueues and publishes is stored once, wherever its process dies', async () => {
  const report = await rehearse({
    task: charge,
    input: { order: 7 },
    handler: () => async (input, ctx) => {
      await ctx.enqueue(receipt, input)
      await ctx.publish(paid, input)
      return 'done'
    },
  })
  expect(report.effects).toEqual(['ctx.enqueue receipt.send', 'ctx.publish orders.paid'])
  expect(report.crashes).toHaveLength(6)
  expect(report.doubled).toEqual([])
})

test('ctx.once leaves the one gap that no library can close: between the effect and its record', async () => {
  const report = await rehearse({
    task: charge,
    input: { order: 7 },
    effects: outside,
    handler:
      (world) =>
      async ({ order }, ctx) =>
        ctx.once('charge', () => world.charge(order, 10)),
  })
  expect(report.doubled.map(({ crash }) => crash)).toEqual(['after charge(7, 10)'])
})

test('an effect that a handler skips the second time is told as missing', async () => {
  let started = 0
  const report = await rehearse({
    task: charge,
    input: { order: 7 },
    effects: () => {
      started = 0
      return outside()
    },
    handler:
      (world) =>
      async ({ order }) => {
        // Remembers too early that it has begun.
        if (started++ === 0) await world.charge(order, 10)
        return 'done'
      },
  })
  expect(report.missing.map(({ effect, crash }) => `${effect}: ${crash}`)).toEqual(['charge(7, 10): before charge(7, 10)'])
})
