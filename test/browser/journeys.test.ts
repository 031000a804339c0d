/** What people do with the dashboard, and what happens to it. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { callboard } from 'callboard'
import { dashboard, serve } from 'callboard/dashboard'
import { Hono } from 'hono'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { beside, gathered, openBoard } from '../support/board.ts'
import { openBrowser, visit } from '../support/browser.ts'
import { namespace } from '../support/namespace.ts'
import { ownBroker } from '../support/outage.ts'
import { fullBoard, released, report, sendMail } from '../support/theatre.ts'
import { until } from '../support/until.ts'

let browser: Browser

beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser?.close())

const live = (page: Page) => page.getByRole('button', { name: 'live', exact: true }).waitFor()

test('an event is published from a form made of its schema, and what does not fit is refused in words', async () => {
  await using board = await openBoard()
  const heard: unknown[] = []
  await board
    .service('alerts')
    .subscribe(released, async (book) => void heard.push(book))
    .start()
  await using served = await serve(board, { port: 0, contracts: [released] })
  await using seen = await visit(browser, `${served.url}#/contract`)
  const { page } = seen
  await page.getByRole('button', { name: 'Try it…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Event as JSON').fill('{"isbn": 5}')
  await dialog.getByRole('button', { name: 'Publish', exact: true }).click()
  const alert = dialog.getByRole('alert')
  await alert.waitFor()
  expect(await alert.textContent()).toMatch(/books\.released refused the payload: .*isbn.*title/)
  await dialog.getByLabel('Event as JSON').fill('{"isbn": "978-0"}')
  await dialog.getByLabel('title', { exact: true }).fill('The Callboard')
  await dialog.getByRole('button', { name: 'Publish', exact: true }).click()
  await until('the event was heard', () => heard.length > 0)
  expect(heard).toEqual([{ isbn: '978-0', title: 'The Callboard' }])
  expect(seen.sins).toEqual(['400 api/publish'])
})

test('a board whose broker is lost says so, lets nobody act, and comes back by itself', async () => {
  await using broker = await ownBroker()
  const name = namespace()
  await using board = await callboard({ servers: broker.url, namespace: name, log: false })
  await board.enqueue(report, { month: 'May' })
  await using served = await serve(board, { port: 0 })
  await using seen = await visit(browser, `${served.url}#/messages`)
  const { page } = seen
  const cancel = page.getByRole('button', { name: 'Cancel…' })
  await page.getByRole('row', { name: /report\.pdf/ }).waitFor()
  await live(page)
  expect(await cancel.isEnabled()).toBe(true)
  await broker.kill()
  await page.getByText(/The broker is lost for .* last known state/).waitFor()
  expect(await cancel.isDisabled()).toBe(true)
  expect(await page.getByRole('row', { name: /report\.pdf/ }).count()).toBe(1)
  await broker.start()
  await live(page)
  await board.enqueue(report, { month: 'June' })
  await until('the second task is shown, too', async () => (await page.getByRole('row', { name: /report\.pdf/ }).count()) === 2)
  expect(await cancel.isEnabled()).toBe(true)
})

test('a dashboard that has gone is told as gone, and one that is started in its place shows the same', async () => {
  await using board = await fullBoard()
  const first = await serve(board, { port: 0 })
  await using seen = await visit(browser, `${first.url}#/dead`, { lost: true })
  const { page } = seen
  const rows = page.getByRole('table', { name: 'Dead letters' }).getByRole('row')
  await until('the dead letters are shown', async () => (await rows.count()) === 4)
  await first.close()
  await page.getByText(/No word from the dashboard server for/).waitFor()
  expect(await rows.count()).toBe(4)
  await using second = await serve(board, { port: first.port })
  expect(second.port).toBe(first.port)
  await live(page)
  expect(await rows.count()).toBe(4)
})

test('eight tabs hear through one stream, and each of them still can ask', async () => {
  await using board = await fullBoard()
  let streams = 0
  const shown = dashboard(board)
  const listener = getRequestListener(
    (request) => {
      if (request.url.endsWith('/api/stream')) streams++
      return shown.fetch(request)
    },
    { overrideGlobalObjects: false },
  )
  const server = createServer((request, response) => void listener(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  try {
    await using seen = await visit(browser, `${url}#/queues`)
    const pages = [seen.page, ...(await Promise.all(Array.from({ length: 7 }, () => seen.context.newPage())))]
    for (const page of pages) await page.goto(`${url}#/queues`)
    for (const page of pages) {
      await page.getByRole('row', { name: /reports/ }).waitFor()
      await live(page)
    }
    await board.enqueue(report, { month: 'July' })
    for (const page of pages) await page.getByRole('row', { name: /reports 4/ }).waitFor()
    expect(streams).toBe(1)
  } finally {
    await shown.close()
    server.closeAllConnections()
    server.close()
  }
})

test('dead letters are redriven by their group, by a job that says how it went', async () => {
  await using board = await fullBoard()
  await using served = await serve(board, { port: 0 })
  await using seen = await visit(browser, `${served.url}#/dead`)
  const { page } = seen
  await page.getByRole('button', { name: 'Redrive these…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('3 messages match.').waitFor()
  await dialog.getByRole('button', { name: 'Redrive 3' }).click()
  await page.locator('[data-job=done]').getByText('done: 3 of 3').waitFor()
  await until('they have died again', async () => (await gathered(board.dead.list())).filter(({ sequence }) => sequence > 3).length === 3)
  expect(seen.sins).toEqual([])
})

test('a queue is held, goes on, and is emptied by name; and it is written down who did that', async () => {
  await using board = await fullBoard()
  await using served = await serve(board, { port: 0 })
  await using seen = await visit(browser, `${served.url}#/queues?queue=reports`)
  const { page } = seen
  const dialog = page.getByRole('dialog')
  const press = async (name: string) => {
    await page.getByRole('button', { name: `${name}…` }).click()
    const button = dialog.getByRole('button', { name, exact: true })
    await button.waitFor()
    // What cannot be taken back wants the name typed.
    const typed = dialog.getByRole('textbox')
    if ((await typed.count()) > 0) await typed.fill('reports')
    await button.click()
    await dialog.waitFor({ state: 'hidden' })
  }
  await page.getByRole('region', { name: 'Why it is so' }).waitFor()
  await press('Pause')
  await page.getByRole('button', { name: 'Resume…' }).waitFor()
  await press('Resume')
  await page.getByRole('button', { name: 'Pause…' }).waitFor()
  await press('Purge')
  await page.locator('dl.figures').getByText('ready').locator('..').getByText('0').waitFor()
  await page.goto(`${served.url}#/health`)
  await page
    .getByRole('table', { name: 'Who did what' })
    .getByRole('row', { name: /dashboard purge/ })
    .waitFor()
  expect(seen.sins).toEqual([])
})

test('discarding is for good, so it has to be typed', async () => {
  await using board = await fullBoard()
  await using served = await serve(board, { port: 0 })
  await using seen = await visit(browser, `${served.url}#/dead`)
  const { page } = seen
  await page.getByRole('button', { name: 'Discard all that match…' }).click()
  const dialog = page.getByRole('dialog')
  const discard = dialog.getByRole('button', { name: 'Discard 3' })
  await discard.waitFor()
  expect(await discard.isDisabled()).toBe(true)
  await dialog.getByRole('textbox').fill('discard')
  await discard.click()
  await page.getByText('No dead letters.').waitFor()
  expect(await board.dead.groups()).toEqual([])
})

test('a dead letter is mended and sent back; what does not fit its contract is not', async () => {
  await using board = await fullBoard()
  await using served = await serve(board, { port: 0, contracts: [sendMail] })
  await using seen = await visit(browser, `${served.url}#/letter?sequence=1`)
  const { page } = seen
  await page.getByRole('button', { name: 'Edit and redrive…' }).click()
  const dialog = page.getByRole('dialog')
  const payload = dialog.getByRole('textbox')
  const send = dialog.getByRole('button', { name: 'Redrive with this' })
  await payload.fill('{"to": "nobody", "subject": "Again"}')
  expect(await dialog.locator('[data-difference]').textContent()).toContain('+   "to": "nobody"')
  await send.click()
  await dialog.getByRole('alert').waitFor()
  expect(await dialog.getByRole('alert').textContent()).toContain('mail.send refuses the payload: to')
  await payload.fill('{"to": ')
  expect(await send.isDisabled()).toBe(true)
  await payload.fill('{"to": "eve@example.org", "subject": "Again"}')
  await send.click()
  await dialog.waitFor({ state: 'hidden' })
  await until('one letter less is dead', async () => (await board.dead.groups()).reduce((sum, { count }) => sum + count, 0) === 2)
})

test('what is selected stands in the address, and whoever is given that sees the same', async () => {
  await using board = await fullBoard()
  await using served = await serve(board, { port: 0 })
  await using seen = await visit(browser, `${served.url}#/messages`)
  const box = seen.page.getByRole('combobox', { name: 'Selector' })
  await box.fill('task:report.pdf data.month:February')
  await box.press('Enter')
  const rows = (page: Page) => page.getByRole('table').getByRole('row')
  await until('one row is left', async () => (await rows(seen.page).count()) === 2)
  await using other = await visit(browser, seen.page.url())
  await until('the other sees one row', async () => (await rows(other.page).count()) === 2)
  await box.fill('stat:dead')
  await box.press('Enter')
  await seen.page.getByText(/there is no key "stat".*did you mean state/).waitFor()
})

test('whoever may only look finds nothing to press, and presses in vain', async () => {
  await using board = await fullBoard()
  await using served = await serve(board, { port: 0, tokens: { reader: 'only-to-look', operator: 'also-to-act' } })
  await using seen = await visit(browser, `${served.url}#/dead`, { lost: true })
  const { page } = seen
  await page.getByLabel('Token').fill('wrong-token')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('This token is not known.').waitFor()
  await page.getByLabel('Token').fill('only-to-look')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('table', { name: 'Dead letters' }).waitFor()
  await page.getByText('look only').waitFor()
  expect(await page.getByRole('button', { name: /Redrive|Discard/ }).count()).toBe(0)
  const forced = await page.evaluate(async () => {
    const headers = { 'content-type': 'application/json', 'x-callboard': '1' }
    const response = await fetch('api/start', { method: 'POST', headers, body: '{"action":"discard","selector":""}' })
    return [response.status, await response.json()]
  })
  expect(forced).toMatchObject([403, { what: 'You may look, and not act.' }])
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByLabel('Token').waitFor()
})

test('everything is reached by keys alone', async () => {
  await using board = await fullBoard()
  await using served = await serve(board, { port: 0 })
  await using seen = await visit(browser, served.url)
  const { page } = seen
  const { keyboard } = page
  const title = (name: string) => page.getByRole('heading', { level: 1, name }).waitFor()
  await live(page)
  await keyboard.type('gd')
  await title('Dead letters')
  await page
    .getByRole('row', { name: /mail\.send/ })
    .first()
    .waitFor()
  await keyboard.type('jx')
  await page.getByRole('button', { name: 'Redrive 1 chosen…' }).waitFor()
  await keyboard.press('Enter')
  await page.getByText('bea@example.org').waitFor()
  await keyboard.type('?')
  await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  await keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'hidden' })
  await keyboard.press('Control+k')
  await keyboard.type('sched')
  await keyboard.press('Enter')
  await title('Schedules')
  await keyboard.type('gm')
  await title('Messages & tasks')
  await keyboard.type('/')
  await keyboard.type('state:scheduled')
  await keyboard.press('Enter')
  await until('one is scheduled', async () => (await page.getByRole('table').getByRole('row').count()) === 2)
  await keyboard.press('Escape')
  await keyboard.press('Space')
  await page.getByText('Frozen. What you see does not move').waitFor()
  await keyboard.press('Space')
  await keyboard.type('ttt')
  expect(seen.sins).toEqual([])
})

test('who wants no motion gets none: nothing is painted, and the counters still count', async () => {
  await using board = await fullBoard()
  await using served = await serve(board, { port: 0 })
  await using seen = await visit(browser, served.url, { reducedMotion: 'reduce' })
  await seen.page.getByText('recommendations').first().waitFor()
  expect(await seen.page.locator('canvas').count()).toBe(0)
  expect(await seen.page.getByRole('button', { name: 'Slow motion' }).count()).toBe(0)
})

test('that no worker is there is said as long as it is so', async () => {
  await using board = await fullBoard()
  await using served = await serve(board, { port: 0 })
  await using seen = await visit(browser, `${served.url}#/queues`)
  const { page } = seen
  const notice = page.getByText('3 tasks in reports wait. Start a service that performs them.')
  await notice.waitFor()
  await using elsewhere = await beside(board)
  await elsewhere
    .service('reporter')
    .perform(report, async () => undefined)
    .start()
  await notice.waitFor({ state: 'detached' })
})

test.each(['node:http', 'Hono'])('it works below any path of %s', async (host) => {
  await using board = await fullBoard()
  await using shown = dashboard(board, { path: '/ops' })
  const app = new Hono()
  app.all('/ops', (context) => shown.fetch(context.req.raw))
  app.all('/ops/*', (context) => shown.fetch(context.req.raw))
  const fetch = host === 'Hono' ? app.fetch : shown.fetch
  const listener = getRequestListener((request) => fetch(request), { overrideGlobalObjects: false })
  const server = createServer((request, response) => void listener(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await using seen = await visit(browser, `http://127.0.0.1:${(server.address() as AddressInfo).port}/ops`)
    await seen.page.getByText('recommendations').first().waitFor()
    await live(seen.page)
    expect(new URL(seen.page.url()).pathname).toBe('/ops/')
    expect(seen.sins).toEqual([])
  } finally {
    server.closeAllConnections()
    server.close()
  }
})

test('a schedule is given other times, and every dialog tells the command that does the same', async () => {
  await using board = await fullBoard()
  await using served = await serve(board, { port: 0 })
  await using seen = await visit(browser, `${served.url}#/schedules`)
  const { page } = seen
  const dialog = page.getByRole('dialog')
  const copied = () => dialog.getByRole('button', { name: 'Copy as CLI' }).getAttribute('title')
  await page
    .getByRole('row', { name: /digest/ })
    .getByRole('button', { name: 'Edit…' })
    .click()
  expect(await dialog.getByLabel(/^When/).inputValue()).toBe('0 0 9 * * 1-5')
  await dialog.getByLabel(/^When/).fill('0 8 * * *')
  await dialog.getByRole('combobox', { name: 'Clock' }).fill('Europe/Nowhere')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText(/Europe\/Nowhere.* is unknown/).waitFor()
  await dialog.getByRole('combobox', { name: 'Clock' }).fill('Europe/Berlin')
  expect(await copied()).toBe(`callboard schedules retime digest --cron '0 8 * * *' --zone Europe/Berlin --namespace ${board.namespace}`)
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('row', { name: /digest .*08:00, Europe\/Berlin/ }).waitFor()
  expect((await board.schedules.show('digest')).times).toEqual({ cron: '0 0 8 * * *', zone: 'Europe/Berlin' })

  await page
    .getByRole('row', { name: /digest/ })
    .getByRole('button', { name: 'Run…' })
    .click()
  expect(await copied()).toBe(`callboard schedules run digest --namespace ${board.namespace}`)
  await page.keyboard.press('Escape')
  await page.goto(`${served.url}#/letter?sequence=1`)
  await page.getByRole('button', { name: 'Edit and redrive…' }).click()
  expect(await copied()).toMatch(/^callboard dead redrive 1 --payload '\{"to":"bea@example\.org"/)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Discard…' }).click()
  expect(await copied()).toMatch(/^callboard dead discard 'id:".*" service:"mailer"'/)
  expect(seen.sins).toEqual(['400 api/retimeSchedule'])
})
