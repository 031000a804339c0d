/**
 * One post in a group, implicitly: every member's service, each a process of its own, gets its own copy, and the poster names nobody.
 * One member is asleep and catches up, one joins late and replays, one is killed while reading; nothing is lost for anyone.
 */

import type { Player } from '../stage/player.ts'
import type { Report } from '../stage/report.ts'
import type { Demo, Stage } from '../stage/stage.ts'
import { Count } from './count.ts'

const name = 'group-notification'
const program = new URL('member.ts', import.meta.url)
const poster = 'ann'
const members = ['ben', 'cleo', 'dana', 'emil']

const posts = [
  'Rehearsal moved to half past six',
  'Bring the second-act masks, please',
  'The piano has been tuned at last',
  'Lost and found is emptied on Friday',
  'Understudies meet in the foyer',
]
const long =
  'The whole story of how the backdrop was painted, by whom, and why the moon in it is green: it began on a wet Tuesday in March, when somebody had taken all of the white there was, and nobody would say who'

/** The demo. */
export function groupNotification(): Demo {
  const count = new Count(poster, members)
  let orderly: readonly string[] = []
  let group: Group | undefined
  return {
    name,
    title: 'implicit: one post → everyone who listens',
    places: [],
    async play(stage) {
      const [awake, crasher, sleeper, late] = stage.random.shuffled(members) as [string, string, string, string]
      orderly = [awake, sleeper, late]
      group = new Group(stage, count)
      await perform(stage, group, { awake, crasher, sleeper, late })
    },
    encore: (stage) => group && encore(stage, group),
    score: () => count.score(name, orderly),
    close: async () => undefined,
  }
}

interface Cast {
  readonly awake: string
  readonly crasher: string
  readonly sleeper: string
  readonly late: string
}

/** The group as it is on stage. */
class Group {
  readonly count: Count
  readonly players: Player[] = []
  readonly #stage: Stage

  constructor(stage: Stage, count: Count) {
    this.#stage = stage
    this.count = count
  }

  /** A member's process begins to listen. */
  async enter(member: string, from: 'new' | 'all'): Promise<Player> {
    const player = await this.#stage.enter(member, program, [member, from], (report, who) => this.#hear(report, who))
    this.players.push(player)
    return player
  }

  /** Posts, and waits until that is stored. */
  async post(text: string): Promise<void> {
    const author = this.players.find(({ name }) => name === poster)
    const number = this.count.posts.length + 1
    this.#stage.terminal.say('publish', poster, `posts #${number} “${text.length > 60 ? `${text.slice(0, 60)}…` : text}”`)
    author?.cue('post', text)
    await this.#stage.until(`#${number} is stored`, () => this.count.posts.length >= number)
  }

  #hear(report: Report, player: Player): void {
    this.count.hear(report, player)
    if (report.what !== 'finished' || report.verdict !== 'ack' || player.name === poster) return
    const again = (report.attempt ?? 1) > 1 ? ', for it was never acknowledged' : ''
    this.#stage.terminal.say('hear', player.name, `has read #${this.count.number(report.id)}${again}`)
  }
}

async function perform(stage: Stage, group: Group, { awake, crasher, sleeper, late }: Cast): Promise<void> {
  const { say } = stage.terminal
  const { count } = group
  const texts = stage.random.shuffled(posts)

  const [, , doomed, sleepy] = await Promise.all([poster, awake, crasher, sleeper].map((member) => group.enter(member, 'new')))
  if (!doomed || !sleepy) return
  await sleepy.leave()
  say('note', sleeper, 'is asleep: no process of it runs, but its subscription stands')

  for (const text of texts.slice(0, 3)) {
    await group.post(text)
    await stage.pause(700)
  }
  await stage.until(`${awake} and ${crasher} have read three posts`, () =>
    [awake, crasher].every((member) => count.hasRead(member, 1, 2, 3)),
  )

  await stage.turn('o', `wake ${sleeper}`, 10_000)
  say('note', sleeper, 'wakes up, and catches up')
  await group.enter(sleeper, 'new')
  await stage.turn('s', `add a listener, ${late}`, 10_000)
  say('note', late, 'joins the group, and reads it from the beginning')
  await group.enter(late, 'all')
  await stage.until(`${sleeper} and ${late} have read three posts`, () => [sleeper, late].every((member) => count.hasRead(member, 1, 2, 3)))

  await group.post(long)
  await stage.until(`${crasher} is reading the long post`, () => count.hasStarted(crasher, 4))
  await doomed.kill()
  say('crash', crasher, `process ${doomed.pid} is killed (SIGKILL) while it reads #4`)
  for (const text of texts.slice(3)) await group.post(text)
  await stage.until('the others have read everything', () => [awake, sleeper, late].every((member) => count.hasRead(member, 4, 5, 6)))

  say('note', crasher, 'is started again')
  await group.enter(crasher, 'new')
  await stage.until(`${crasher} has read everything`, () => count.hasRead(crasher, 4, 5, 6))
}

/** What may be tried once all has been read: posts, a member asleep, members that join. */
function encore(stage: Stage, group: Group): void {
  const { say } = stage.terminal
  const [sleeper = ''] = members
  const newcomers = ['finn', 'gwen', 'hugo', 'ines']
  stage.key('n', 'post a notice', () => group.post(`Notice of ${new Date().toLocaleTimeString('en-GB')}`))
  stage.key('o', `put ${sleeper} to sleep, or wake it`, async () => {
    const awake = group.players.findLast(({ name, gone }) => name === sleeper && !gone)
    say('note', sleeper, awake ? 'falls asleep; its subscription stands' : 'wakes up, and catches up')
    await (awake ? awake.leave() : group.enter(sleeper, 'new'))
  })
  stage.key('s', 'add a listener', async () => {
    const newcomer = newcomers.shift()
    if (newcomer === undefined) return say('note', 'stage', 'nobody else is in the house')
    say('note', newcomer, `joins the group; ${poster} is not told, and nothing changes for ${poster}`)
    await group.enter(newcomer, 'all')
  })
}
