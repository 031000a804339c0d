import { topic } from 'callboard'
import { serve } from 'callboard/dashboard'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBoard } from '../support/board.ts'
import { openBrowser, visit } from '../support/browser.ts'

let browser: Browser

beforeAll(async () => {
  browser = await openBrowser()
})
afterAll(() => browser?.close())

const notice = topic<{ readonly text: string }>('notice.posted')

test('the stage shows who listens, and does nothing that a page must not', async () => {
  await using board = await openBoard()
  const quiet = async () => undefined
  for (const name of ['cast', 'wardrobe', 'lighting']) await board.service(name).subscribe(notice, quiet).start()
  await board.publish(notice, { text: 'Rehearsal at six' })
  await using served = await serve(board, { port: 0 })
  await using seen = await visit(browser, served.url)
  const listeners = seen.page.getByRole('list', { name: 'Subscriptions of notice.posted' })
  await listeners.getByText('lighting').waitFor()
  expect(await listeners.getByRole('listitem').count()).toBe(3)
  await seen.page.getByText('live', { exact: true }).waitFor()
  expect(seen.sins).toEqual([])
})
