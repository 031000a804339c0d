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
  return {
    name,
    title: 'implicit: one post → everyone who listens',
    places: [],
    async play(stage) {
      const [awake, crasher, sleeper, late] = stage.random.shuffled(members) as [string, string, string, string]
      orderly = [awake, sleeper, late]
      await perform(stage, count, { awake, crasher, sleeper, late })
    },
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

async function perform(stage: Stage, count: Count, { awake, crasher, sleeper, late }: Cast): Promise<void> {
  const { say } = stage.terminal
  const texts = stage.random.shuffled(posts)
  const hear = (report: Report, player: Player) => {
    count.hear(report, player)
    if (report.what === 'finished' && report.verdict === 'ack' && player.name !== poster) {
      const again = (report.attempt ?? 1) > 1 ? ', for it was never acknowledged' : ''
      say('hear', player.name, `has read #${count.number(report.id)}${again}`)
    }
  }
  const enter = (member: string, from: 'new' | 'all') => stage.enter(member, program, [member, from], hear)
  const post = async (author: Player, text: string) => {
    const number = count.posts.length + 1
    say('publish', author.name, `posts #${number} “${text.length > 60 ? `${text.slice(0, 60)}…` : text}”`)
    author.cue('post', text)
    await stage.until(`#${number} is stored`, () => count.posts.length === number)
  }

  const [author, , doomed, sleepy] = await Promise.all([poster, awake, crasher, sleeper].map((member) => enter(member, 'new')))
  if (!author || !doomed || !sleepy) return
  await sleepy.leave()
  say('note', sleeper, 'is asleep: no process of it runs, but its subscription stands')

  for (const text of texts.slice(0, 3)) {
    await post(author, text)
    await stage.pause(700)
  }
  await stage.until(`${awake} and ${crasher} have read three posts`, () =>
    [awake, crasher].every((member) => count.hasRead(member, 1, 2, 3)),
  )

  say('note', sleeper, 'wakes up, and catches up')
  say('note', late, 'joins the group, and reads it from the beginning')
  await Promise.all([enter(sleeper, 'new'), enter(late, 'all')])
  await stage.until(`${sleeper} and ${late} have read three posts`, () => [sleeper, late].every((member) => count.hasRead(member, 1, 2, 3)))

  await post(author, long)
  await stage.until(`${crasher} is reading the long post`, () => count.hasStarted(crasher, 4))
  await doomed.kill()
  say('crash', crasher, `process ${doomed.pid} is killed (SIGKILL) while it reads #4`)
  for (const text of texts.slice(3)) await post(author, text)
  await stage.until('the others have read everything', () => [awake, sleeper, late].every((member) => count.hasRead(member, 4, 5, 6)))

  say('note', crasher, 'is started again')
  await enter(crasher, 'new')
  await stage.until(`${crasher} has read everything`, () => count.hasRead(crasher, 4, 5, 6))
}
