/**
 * A book is released: one event, addressed to nobody. A planner hears of it and asks, by name, for one mail per reader; three mailers
 * share the work over real SMTP. Some mailboxes refuse, one mailer is killed in mid-send; nothing is lost, and each duplicate is explained.
 */

import type { Board } from 'callboard'
import type { Options } from '../stage/options.ts'
import type { Player } from '../stage/player.ts'
import { type Random, random } from '../stage/random.ts'
import type { Report } from '../stage/report.ts'
import type { Demo, Stage, Tempo } from '../stage/stage.ts'
import { bookReleased, sendMail } from './contracts.ts'
import { Count } from './count.ts'
import { type Mail, type Mailbox, type Mood, openMailbox } from './mailbox.ts'
import { ownReaders, type Reader, readReaders } from './readers.ts'

const name = 'email-fanout'
const title = 'The Callboard'
/** Mails one mailer sends at once. */
const atOnce = 4

/** How long a mailbox takes for a mail, in ms. */
const paces: Readonly<Record<Tempo, number>> = { headless: 60, watched: 120, played: 800 }

/** What is played: prepared before the curtain rises. */
interface Play {
  readonly readers: readonly Reader[]
  readonly file: string
  readonly smtp: string
  readonly moods: ReadonlyMap<string, Mood>
  /** Undefined: somebody else's mail server, of which we know what the mailers tell. */
  readonly mailbox: Mailbox | undefined
  readonly count: Count
  /** The mailer that brings so many-th mail is killed in mid-send. */
  fatal: number
  victim: string | undefined
  /** All that were ever started. */
  readonly mailers: Player[]
  board: Board | undefined
  stage: Stage | undefined
}

/** The demo. Throws where readers or mail server cannot be used. */
export async function emailFanout(options: Options, tempo: Tempo): Promise<Demo> {
  refuseStrangers(options)
  const file = options.readers ?? ownReaders
  const readers = await readReaders(file)
  const chance = random(options.seed)
  const moods = options.smtp === undefined ? moodsOf(readers, chance) : new Map<string, Mood>()
  const fatal = chance.whole(Math.ceil(readers.length / 4), Math.ceil(readers.length / 3))
  const count = new Count()
  let play: Play
  const mailbox =
    options.smtp === undefined
      ? await openMailbox({
          moods,
          pace: paces[tempo],
          onArrived: ({ to, mailer }) => {
            if (moods.get(to.toLowerCase()) === 'slow')
              play.stage?.terminal.say('perform', mailer, `${to}: slow; the task is kept alive meanwhile`)
            play.stage?.changed()
          },
          onTaken: (mail) => taken(play, mail),
          onRefused: (to, mailer, answer) => play.stage?.terminal.say('perform', mailer, `${to}: ${answer}`),
        })
      : undefined
  const smtp = mailbox?.url ?? (options.smtp as string)
  play = { readers, file, smtp, moods, mailbox, count, fatal, victim: undefined, mailers: [], board: undefined, stage: undefined }
  const gone = readers.filter(({ address }) => moods.get(address.toLowerCase()) === 'gone').length
  return {
    name,
    title: `implicit, then explicit: one event → ${readers.length} tasks → ${readers.length} mails`,
    places: [['Mail server', smtp, mailbox ? 'in this process; nothing leaves this machine' : 'yours']],
    play: (stage) => perform(play, stage),
    encore: (stage) => encore(play, stage),
    score: () => count.score(name, { readers: readers.length, gone: mailbox && gone }),
    close: async () => mailbox?.close(),
  }
}

/** Mail goes to real people only if somebody means it. */
function refuseStrangers({ smtp, meant }: Options): void {
  if (smtp === undefined) return
  const host = URL.canParse(smtp) && /^smtps?:$/.test(new URL(smtp).protocol) ? new URL(smtp).hostname : undefined
  if (host === undefined) throw new Error(`--smtp: ${JSON.stringify(smtp)} is no address like smtp://127.0.0.1:1025`)
  if (!/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(host) && !meant)
    throw new Error(`--smtp: ${host} is not this machine; it would get real mail. Add --i-mean-it if that is what you want`)
}

/** Which mailboxes are difficult. */
function moodsOf(readers: readonly Reader[], chance: Random): Map<string, Mood> {
  const difficult = chance.shuffled(readers).slice(0, readers.length - 1)
  const moods: Mood[] = ['gone', 'busy', 'busy', 'slow']
  return new Map(moods.flatMap((mood, index) => (difficult[index] ? [[difficult[index].address.toLowerCase(), mood] as const] : [])))
}

/** A mail was taken. The mailer that brings the fatal one hears nothing any more from here on. */
function taken(play: Play, mail: Mail): void {
  const again = play.count.taken.some(({ id }) => id === mail.id)
  play.count.taken.push(mail)
  play.stage?.terminal.say('perform', mail.mailer, `${mail.to}: ${again ? 'taken a second time' : 'taken'}`)
  if (play.count.taken.length === play.fatal) {
    play.victim = mail.mailer
    play.mailbox?.stall(mail.mailer)
  }
  play.stage?.changed()
}

async function perform(play: Play, stage: Stage): Promise<void> {
  play.stage = stage
  const { count, readers } = play
  const { say } = stage.terminal
  const [mailers] = await Promise.all([
    Promise.all([1, 2, 3].map((number) => enterMailer(play, stage, number))),
    enter(play, stage, 'planner', 'planner.ts', [play.file]),
  ])

  const board = await stage.board('shop')
  play.board = board
  haltByKey(stage, board)
  stage.key('k', 'kill a mailer', () => {
    play.fatal = Math.min(play.fatal, count.taken.length + 1)
  })
  say('publish', 'shop', `“${title}” is released; nobody is named`)
  await board.publish(bookReleased, { isbn: '978-0-00-000000-2', title, at: new Date().toISOString() })
  count.published++

  const settled = () => count.settled(readers.length)
  await stage.until('a mailer has brought the fatal mail', () => play.victim !== undefined || settled())
  const victim = mailers.find((each) => each.name === play.victim)
  if (victim) await killInMidSend(play, stage, victim)
  await stage.until('every task has come to its end', settled)

  let letters = 0
  for await (const _ of board.dead.list({ name: sendMail.name })) letters++
  if (letters !== count.dead) throw new Error(`the mailers told of ${count.dead} dead letters, the broker has ${letters}`)
}

function enter(play: Play, stage: Stage, who: string, file: string, args: readonly string[]): Promise<Player> {
  return stage.enter(who, new URL(file, import.meta.url), args, (report, player) => {
    play.count.hear(report, player)
    tell(play, report, player)
  })
}

async function enterMailer(play: Play, stage: Stage, number: number): Promise<Player> {
  const who = `mailer-${number}`
  const player = await enter(play, stage, who, 'mailer.ts', [who, play.smtp, String(atOnce)])
  play.mailers.push(player)
  return player
}

/** Halts and goes on: what is enqueued waits, and nothing else has to know. */
function haltByKey(stage: Stage, board: Board): void {
  stage.key(' ', 'pause or resume the mails', async () => {
    stage.halted = !stage.halted
    await (stage.halted ? board.queues.pause(sendMail.queue) : board.queues.resume(sendMail.queue))
    stage.terminal.say('note', 'shop', stage.halted ? 'pauses the queue of mails: they wait' : 'resumes the queue of mails')
  })
}

/** What may be tried once all mails are sent: another book, and a mailer that is killed and replaced. */
function encore(play: Play, stage: Stage): void {
  const { say } = stage.terminal
  let editions = 1
  stage.key('m', 'release another book', async () => {
    const again = `${title}, edition ${++editions}`
    say('publish', 'shop', `“${again}” is released`)
    await play.board?.publish(bookReleased, { isbn: `978-0-00-00000${editions}`, title: again, at: new Date().toISOString() })
  })
  stage.key('k', 'kill a mailer', async () => {
    const victim = play.mailers.find(({ gone }) => !gone)
    if (!victim) return
    await victim.kill()
    say('crash', victim.name, `process ${victim.pid} is killed (SIGKILL); another one is started in its place`)
    await enterMailer(play, stage, play.mailers.length + 1)
  })
}

async function killInMidSend({ count, mailbox }: Play, stage: Stage, victim: Player): Promise<void> {
  // Until every send of it is under way: killed at any other time there would be fewer to explain.
  if (mailbox) await stage.comes(() => mailbox.unanswered(victim.name) >= atOnce, 2000)
  const sending = count.kill(victim, atOnce)
  await victim.kill()
  const what = `process ${victim.pid} is killed (SIGKILL) in mid-send: ${sending} mails under way, none of them acknowledged`
  stage.terminal.say('crash', victim.name, what)
}

/** One line for each thing that happens. What our own mailbox does, it tells itself. */
function tell(play: Play, report: Report, { name: who }: Player): void {
  const { mailbox, count, readers, stage } = play
  const say = stage?.terminal.say ?? (() => undefined)
  const { what, id, verdict, error, after } = report
  if (what === 'started' && who === 'planner') say('hear', who, 'hears of it; nobody told it to')
  if (what === 'stored' && count.enqueued.size === 1)
    say('enqueue', who, `asks by name for ${readers.length} mails, a task for each reader`)
  if (what === 'finished' && verdict === 'again')
    say('perform', who, `${error?.startsWith('Snooze') ? 'gives it back' : `fails (${error})`}, to be tried again in ${after} ms`)
  if (what === 'buried') say('perform', who, `gives it up, a dead letter: ${error}`)
  if (what === 'sent' && mailbox === undefined) taken(play, { id, to: report.to ?? '', mailer: who })
}
