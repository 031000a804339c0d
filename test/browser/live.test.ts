/** What happens, seen as it happens: counted on the stage, told line by line, and there again after a restart. */

import { pbkdf2Sync } from 'node:crypto'
import { serve } from 'callboard/dashboard'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBoard } from '../support/board.ts'
import { openBrowser, visit } from '../support/browser.ts'
import { fullBoard, released, report, sendMail } from '../support/theatre.ts'
import { until } from '../support/until.ts'

let browser: Browser

beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser?.close())

const live = (page: Page) => page.getByRole('button', { name: 'live', exact: true }).waitFor()

/** The figures beside names within one play of the stage. */
const tallies = (page: Page, play: string): Promise<string[]> => page.locator(`[data-play="${play}"] [data-done]`).allInnerTexts()

test('one event becomes a copy for everyone who listens, one task goes to one worker', async () => {
  await using board = await openBoard()
  const quiet = async () => undefined
  for (const name of ['alerts', 'archive', 'recommendations', 'search']) await board.service(name).subscribe(released, quiet).start()
  await board.service('reporter').perform(report, quiet).start()
  await using served = await serve(board, { port: 0 })
  await using seen = await visit(browser, served.url)
  const { page } = seen
  await live(page)
  await page.locator('[data-play="explicit report.pdf"] [data-done]').waitFor()
  await board.publish(released, { isbn: '978-0', title: 'The Callboard' })
  await board.enqueueMany(
    report,
    Array.from({ length: 40 }, (_, index) => ({ month: String(index) })),
  )
  await until('each listener has its copy', async () => (await tallies(page, 'implicit books.released')).join() === '1,1,1,1')
  await until('the worker has each task once', async () => (await tallies(page, 'explicit report.pdf')).join() === '40')
  await page.locator('[data-said="implicit books.released"]').getByText('1', { exact: true }).waitFor()
  await page.locator('[data-said="explicit report.pdf"]').getByText('40', { exact: true }).waitFor()
  await page.getByText('The same in words').click()
  expect(await page.locator('.words').textContent()).toContain('books.released: 4 subscriptions get a copy each of every event')
  expect(seen.sins).toEqual([])
})

test('an event is on the screen a moment after it was said, and how long that took is told', async () => {
  await using board = await openBoard()
  await board
    .service('cast-app')
    .subscribe(released, () => undefined)
    .start()
  await using served = await serve(board, { port: 0 })
  await using seen = await visit(browser, `${served.url}#/stage`)
  const { page } = seen
  await live(page)
  const took: number[] = []
  for (let n = 1; n <= 20; n++) {
    const at = Date.now()
    await board.publish(released, { isbn: `978-${n}`, title: 'The Callboard' })
    const shown = await page.waitForFunction((count) => {
      const { document } = globalThis as unknown as { document: { querySelector(of: string): { textContent: string } | null } }
      return document.querySelector('[data-said="implicit books.released"]')?.textContent === count && Date.now()
    }, String(n))
    took.push(Number(await shown.jsonValue()) - at)
  }
  took.sort((a, b) => a - b)
  console.log(`from publish to the screen: ${took[9]} ms in the middle, ${took[18]} ms for 19 of 20`)
  expect(seen.sins).toEqual([])
})

test('while it is frozen nothing moves, and afterwards it is as things are', async () => {
  await using board = await fullBoard()
  await using served = await serve(board, { port: 0 })
  await using seen = await visit(browser, `${served.url}#/queues`)
  const { page } = seen
  const row = (ready: number) => page.getByRole('row', { name: new RegExp(`reports ${ready}`) })
  await live(page)
  await row(3).waitFor()
  await page.keyboard.press('Space')
  await page.getByText('Frozen.').waitFor()
  await board.enqueue(report, { month: 'August' })
  await using other = await visit(browser, `${served.url}#/queues`)
  await other.page.getByRole('row', { name: /reports 4/ }).waitFor()
  expect(await row(3).count()).toBe(1)
  await page.keyboard.press('Space')
  await row(4).waitFor()
})

test('the tail tells each thing in a line, and words narrow it', async () => {
  await using board = await fullBoard()
  await using served = await serve(board, { port: 0 })
  await using seen = await visit(browser, `${served.url}#/tail`)
  const { page } = seen
  await live(page)
  await board.publish(released, { isbn: '978-1', title: 'Downstage' })
  const lines = page.getByRole('table', { name: 'What happened' }).getByRole('row')
  await page.getByRole('row', { name: /succeeded .*alerts/ }).waitFor()
  await page.getByRole('row', { name: /buried .*mail\.send/ }).waitFor()
  await page.getByRole('searchbox').fill('stored books')
  await until('one line is left', async () => (await lines.count()) === 2)
  await page.reload()
  await live(page)
  expect(await page.getByRole('searchbox').inputValue()).toBe('stored books')
})

test('what has ended is remembered by whoever looks first tomorrow', async () => {
  await using board = await fullBoard()
  await until('all has been written down', async () => {
    await board.ledger.flush()
    return true
  })
  for (const start of ['first', 'second']) {
    await using served = await serve(board, { port: 0 })
    await using seen = await visit(browser, `${served.url}#/detail?id=the-callboard`)
    const { page } = seen
    const led = page.getByRole('region', { name: 'What it led to' })
    await led.getByText('mail-planner').waitFor()
    expect(await led.getByText('mail.send').count(), start).toBe(3)
    await led.getByRole('link').first().click()
    await page.getByRole('table', { name: 'Attempts' }).getByText('mailer').waitFor()
    await page.getByText('Caused by').waitFor()
    expect(seen.sins).toEqual([])
  }
})

test('who works is seen while it lives, and leaves when it is asked to', async () => {
  await using board = await openBoard()
  await using served = await serve(board, { port: 0 })
  await using seen = await visit(browser, `${served.url}#/workers`)
  const { page } = seen
  await page.getByText('No worker is connected.').waitFor()
  const service = await board
    .service('mailer')
    .perform(sendMail, async () => 'sent')
    .start()
  await page.getByRole('row', { name: /mail\.send by mailer/ }).waitFor()
  await page.getByRole('button', { name: 'Drain…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Drain', exact: true }).click()
  await page.getByText('No worker is connected.').waitFor()
  expect(service.stage).toBe('stopped')
})

test('a handler that computes on the main thread turns the gauge of its loop red', async () => {
  await using board = await openBoard()
  const rounds = 2_000_000
  await board
    .service('reporter')
    .perform(report, async () => void pbkdf2Sync('chest', 'callboard', rounds, 16, 'sha256'))
    .start()
  await using served = await serve(board, { port: 0 })
  await using seen = await visit(browser, `${served.url}#/workers`)
  const gauge = seen.page
    .getByRole('row', { name: /reporter/ })
    .locator('span:has(> .gauge)')
    .last()
  await gauge.waitFor()
  expect(await gauge.getAttribute('class')).not.toContain('bad')
  await board.enqueueMany(report, [{ month: 'May' }, { month: 'June' }, { month: 'July' }])
  // It is red for a moment only: what it is, and whether its bar has the colour of all that is bad, is seen in one look.
  const look = `(() => {
    const bad = document.querySelector('.bad:has(> .gauge)')
    const colour = (element, of) => getComputedStyle(element)[of]
    return bad && [bad.className, colour(bad.querySelector('.gauge > span'), 'backgroundColor') === colour(bad, 'color')]
  })()`
  expect(await until('it is red', () => seen.page.evaluate<[string, boolean] | null>(look))).toEqual(['bad', true])
})
