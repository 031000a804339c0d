/**
 * What somebody who knows only Celery has to be able to do, by clicking alone: see what differs between the two ways, find the mail
 * that failed and why, send it again mended, and add a subscriber. By the command line: test/broker/walk.test.ts.
 */

import { serve } from 'callboard/dashboard'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser, visit } from '../support/browser.ts'
import { fullBoard, released, report, sendMail } from '../support/theatre.ts'
import { until } from '../support/until.ts'

let browser: Browser

beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser?.close())

test('a newcomer sees the difference, mends a mail, and adds a subscriber, by clicking', async () => {
  await using board = await fullBoard()
  await using served = await serve(board, { port: 0, contracts: [released, sendMail, report] })
  await using seen = await visit(browser, served.url)
  const { page } = seen
  const main = page.getByRole('main')
  const dialog = page.getByRole('dialog')
  const menu = (name: RegExp) => page.getByRole('navigation').getByRole('link', { name }).click()
  const press = (name: string) => main.getByRole('button', { name, exact: true }).click()

  // The two halves, and what differs.
  const [implicit, explicit] = [
    page.getByRole('region', { name: 'Implicit: a topic' }),
    page.getByRole('region', { name: 'Explicit: a task' }),
  ]
  await implicit.getByText('Say what happened, name nobody. Everyone who listens gets a copy.').waitFor()
  await explicit.getByText('Name the work, keep control. Exactly one worker gets it.').waitFor()
  await implicit.getByText('recommendations').waitFor()
  await explicit.getByText('mailer').waitFor()

  // The mail that failed, and why.
  await menu(/Dead letters/)
  await main.getByText('550 no such mailbox').first().waitFor()
  await main.getByRole('table', { name: 'Dead letters' }).getByRole('link', { name: '1', exact: true }).click()
  await main.getByText('Reject: 550 no such mailbox').first().waitFor()
  await main.getByText('bea@example.org').waitFor()

  // Again, mended.
  await press('Edit and redrive…')
  await dialog.getByRole('textbox').fill('{"to": "eve@example.org", "subject": "Again"}')
  await dialog.getByRole('button', { name: 'Redrive with this' }).click()
  await main.getByRole('heading', { level: 1, name: /mail\.send.*done/ }).waitFor()
  await main.getByText(/It succeeded/).waitFor()

  // One more who listens.
  await menu(/Topics/)
  await main.getByRole('link', { name: /books\.released/ }).click()
  await press('Add a subscriber…')
  await dialog.getByLabel('Name of the service').fill('alerts')
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await dialog.getByText(/There is a service alerts already/).waitFor()
  await dialog.getByLabel('Name of the service').fill('spare')
  await dialog.getByRole('button', { name: 'Add', exact: true }).click()
  await main.getByRole('row', { name: /^spare/ }).waitFor()
  await menu(/Stage/)
  await implicit.getByText('spare').waitFor()
  await main.getByRole('button', { name: /^Publish/ }).click()
  await dialog.getByRole('combobox', { name: 'Topic' }).fill('books.released')
  await dialog.getByLabel('title', { exact: true }).fill('The Understudy')
  await dialog.getByRole('button', { name: 'Publish', exact: true }).click()
  await until('it has a copy of its own', async () => {
    const done = await page.locator('[data-done="implicit books.released spare"]').allInnerTexts()
    return done.join() === '1'
  })

  // And it leaves.
  await menu(/Topics/)
  await main.getByRole('link', { name: /books\.released/ }).click()
  await main
    .getByRole('row', { name: /^spare/ })
    .getByRole('button', { name: 'Leave…' })
    .click()
  await dialog.getByRole('textbox').fill('spare')
  await dialog.getByRole('button', { name: 'Leave', exact: true }).click()
  await main.getByRole('row', { name: /^spare/ }).waitFor({ state: 'detached' })
  expect((await board.inspect.subscriptions()).map(({ service }) => service)).not.toContain('spare')
  // The name that was taken was refused. And that the letter has gone may be heard before the answer to who sent it back: it is asked for in vain.
  const allowed = ['400 api/addSubscriber', '404 api/letter?sequence=1']
  expect(seen.sins.filter((sin) => !allowed.includes(sin))).toEqual([])
})
