import { Reject, task, topic } from 'callboard'
import { type Metrics, metrics, table } from 'callboard/prometheus'
import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { read } from '../repo/tree.ts'
import { latch, openBoard, thrownBy } from '../support/board.ts'
import { until } from '../support/until.ts'

const posted = topic<{ n: number }>('notice.posted')
const send = task<{ to: string }>('mail.send', { queue: 'mail', lanes: ['high', 'normal'], retry: { attempts: 2, backoff: 1 } })

/** Samples as Prometheus reads them, without those of buckets: name and labels → value. */
async function samples(kept: Metrics): Promise<Record<string, number>> {
  const lines = (await kept.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#') && !line.includes('_bucket'))
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]))
}

test('what a board stores, runs and gives up is counted by bounded labels', async () => {
  await using board = await openBoard()
  using kept = metrics(board, { registry: new Registry() })
  await board
    .service('planner')
    .subscribe(posted, async ({ n }, ctx) => {
      if (n === 1) await ctx.enqueue(send, { to: 'again' })
    })
    .perform(send, ({ to }, { attempt }) => {
      if (to === 'never') throw new Reject('no such mailbox')
      if (attempt === 1) throw new Error('greylisted')
    })
    .start()
  await board.publish(posted, { n: 1 }, { id: 'once' })
  await board.publish(posted, { n: 1 }, { id: 'once' })
  await board.enqueue(send, { to: 'never' })
  const of = 'service="planner",name="mail.send",queue="mail"'
  const found = await until('all has ended', async () => {
    const now = await samples(kept)
    const ended =
      now['callboard_events_total{service="planner",name="notice.posted",outcome="succeeded"}'] === 1 &&
      now[`callboard_tasks_total{${of},outcome="succeeded"}`] === 1 &&
      now[`callboard_buried_total{style="explicit",${of},outcome="rejected"}`] === 1
    // What the broker said is shared for a second.
    return ended && now.callboard_dead_letters === 1 && now
  })
  expect(found).toMatchObject({
    'callboard_messages_published_total{style="implicit",name="notice.posted",outcome="stored"}': 1,
    'callboard_messages_published_total{style="implicit",name="notice.posted",outcome="duplicate"}': 1,
    'callboard_messages_published_total{style="explicit",name="mail.send",queue="mail",outcome="stored"}': 2,
    [`callboard_tasks_total{${of},outcome="retried"}`]: 1,
    [`callboard_tasks_total{${of},outcome="dead"}`]: 1,
    'callboard_events_total{service="planner",name="notice.posted",outcome="succeeded"}': 1,
    [`callboard_task_wait_seconds_count{${of}}`]: 2,
    [`callboard_task_run_seconds_count{${of}}`]: 3,
    'callboard_event_wait_seconds_count{service="planner",name="notice.posted"}': 1,
    'callboard_event_run_seconds_count{service="planner",name="notice.posted"}': 1,
    callboard_connected: 1,
    callboard_connection_losses_total: 0,
    callboard_ledger_dropped_total: 0,
    callboard_inspected: 1,
    callboard_dead_letters: 1,
  })
})

test('what waits is asked of the broker at each scrape, and what is gone is gone', async () => {
  await using board = await openBoard()
  using kept = metrics(board, { registry: new Registry() })
  await board.enqueueMany(send, [{ to: 'a' }, { to: 'b' }], { priority: 'high' })
  await board.enqueue(send, { to: 'c' })
  await board.enqueue(send, { to: 'd' }, { delay: '1h' })
  expect(await samples(kept)).toMatchObject({
    'callboard_queue_depth{queue="mail",lane="high",state="ready"}': 2,
    'callboard_queue_depth{queue="mail",lane="normal",state="ready"}': 1,
    'callboard_queue_depth{queue="mail",state="scheduled"}': 1,
    'callboard_queue_depth{queue="mail",state="dead"}': 0,
    'callboard_oldest_ready_seconds{queue="mail"}': expect.any(Number),
    'callboard_workers{state="running"}': 0,
  })
  const running = latch()
  const open = latch()
  const mailer = await board
    .service('mailer')
    .perform(
      send,
      () => {
        running.open()
        return open.promise
      },
      { concurrency: 2 },
    )
    .start()
  await until('it runs', running.promise)
  const slots = 'callboard_handlers{style="explicit",service="mailer",name="mail.send",queue="mail",state="slots"}'
  const seen = await until('the worker is seen', async () => {
    const now = await samples(kept)
    return now[slots] === 2 && now
  })
  expect(seen).toMatchObject({ 'callboard_workers{state="running"}': 1 })
  open.open()
  await mailer.stop()
  const after = await until('the worker is gone', async () => {
    const now = await samples(kept)
    return now['callboard_workers{state="running"}'] === 0 && now
  })
  expect(Object.keys(after)).not.toContain(slots)
})

test('no label holds an id, and every metric is one of the table', async () => {
  await using board = await openBoard()
  const registry = new Registry()
  using kept = metrics(board, { registry, prefix: 'mine_' })
  await board
    .service('planner')
    .subscribe(posted, () => undefined)
    .start()
  const { id } = await board.publish(posted, { n: 1 }, { key: 'secret-key' })
  await until('it has run', async () => (await kept.text()).includes('mine_events_total{'))
  const text = await kept.text()
  expect(text).not.toContain(id)
  expect(text).not.toContain('secret-key')
  const allowed = new Set(['service', 'name', 'style', 'outcome', 'queue', 'lane', 'state', 'version', 'node'])
  expect(Object.values(table).flatMap(({ labels }) => labels.filter((label) => !allowed.has(label)))).toEqual([])
  expect(
    registry
      .getMetricsAsArray()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(
    Object.keys(table)
      .map((name) => `mine_${name}`)
      .sort(),
  )
})

test('two boards do not share names in one registry; a closed one leaves none behind', async () => {
  await using board = await openBoard()
  const registry = new Registry()
  const first = metrics(board, { registry })
  expect(await thrownBy(() => metrics(board, { registry }))).toMatchObject({ code: 'INVALID_OPTION' })
  first.close()
  expect(registry.getMetricsAsArray()).toEqual([])
  using told = metrics(board, { registry, inspect: false })
  expect(await told.text()).not.toContain('callboard_queue_depth')
  expect(told.contentType).toContain('text/plain')
})

test('a scrape answers without a broker, and says that it was not asked', async () => {
  const board = await openBoard()
  using kept = metrics(board, { registry: new Registry() })
  await board.close()
  const found = await samples(kept)
  expect(found.callboard_inspected).toBe(0)
  expect(Object.keys(found).filter((name) => name.startsWith('callboard_queue_depth'))).toEqual([])
})

test('the guide lists every metric with its labels', () => {
  const guide = read('docs/guides/observability.md')
  const rows = Object.entries(table).map(([name, { labels, help }]) => `| \`${name}\` | ${labels.join(', ')} | ${help} |`)
  expect(rows.filter((row) => !guide.includes(row))).toEqual([])
})

test('the board for Grafana asks only for metrics that exist, by labels they have', () => {
  const grafana = read('docs/samples/grafana.json')
  const dashboard = JSON.parse(grafana) as { panels: { targets?: { expr: string; legendFormat: string }[] }[] }
  const asked = dashboard.panels.flatMap(({ targets = [] }) => targets)
  expect(asked.length).toBeGreaterThan(20)
  const known = Object.fromEntries(Object.entries(table).map(([name, metric]) => [`callboard_${name}`, metric]))
  const wrong: string[] = []
  for (const { expr, legendFormat } of asked) {
    const labels = new Set(['le', 'job'])
    for (const [used] of expr.matchAll(/callboard_\w+/g)) {
      const found =
        known[used] ??
        (known[used.replace(/_(bucket|sum|count)$/, '')]?.kind === 'histogram'
          ? known[used.replace(/_(bucket|sum|count)$/, '')]
          : undefined)
      if (found === undefined) wrong.push(`${used} is no metric`)
      for (const label of found?.labels ?? []) labels.add(label)
    }
    const by = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(', '))
    const matched = [...expr.matchAll(/(\w+)=~?"/g)].map(([, name = '']) => name)
    const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, name = '']) => name)
    for (const label of [...by, ...matched, ...shown]) if (!labels.has(label)) wrong.push(`${expr}: no label ${label}`)
    for (const label of shown) if (!by.includes(label)) wrong.push(`${expr}: ${label} is shown, and summed away`)
  }
  expect(wrong).toEqual([])
  const used = new Set([...grafana.matchAll(/callboard_(\w+)/g)].map(([, name = '']) => name.replace(/_bucket$/, '')))
  const unseen = Object.keys(table).filter((name) => !used.has(name))
  expect(unseen).toEqual(['subscription_oldest_seconds', 'inspected'])
})
