/** `callboard cheat`: what is said most, on a page. No broker is asked. */

import type { Call } from '../cli/call.ts'
import { columns } from '../cli/pen.ts'
import { UsageError } from '../cli/usage.ts'

/** What to say, and what for. */
export interface Hint {
  readonly say: string
  readonly says: string
}

/** Hints under a title. */
export interface Section {
  readonly title: string
  readonly hints: readonly Hint[]
}

const hint = (say: string, says: string): Hint => ({ say, says })

/** Page → sections. What begins with `callboard ` is a command line. */
export const pages: Readonly<Record<string, readonly Section[]>> = {
  callboard: [
    {
      title: 'Run',
      hints: [
        hint('callboard dev ./app.ts', 'broker, services and dashboard on this machine'),
        hint('callboard start ./app.ts', 'the services, in production; Ctrl-C drains'),
        hint('callboard dash', 'the dashboard of any broker'),
      ],
    },
    {
      title: 'Say and ask',
      hints: [
        hint(`callboard publish books.released '{"isbn":"978-0"}'`, '◇ everyone who subscribed gets a copy'),
        hint(`callboard enqueue mail.send '{"to":"ann@example.org"}' --delay 10m`, '■ one worker does it, in ten minutes'),
        hint(`callboard enqueue report.pdf '{"month":3}' --wait`, 'and wait for what it returns'),
      ],
    },
    {
      title: 'Look',
      hints: [
        hint('callboard top', 'all of it, live'),
        hint('callboard queues', 'where tasks wait, and what for'),
        hint('callboard why --queue mail', 'why it does not move, and what to do'),
        hint('callboard why book-1', 'why one of them waits, was retried or died'),
        hint('callboard trace book-1', 'who ran because it subscribed, who because it was named'),
        hint("callboard tasks 'state:retrying age:>10m'", 'by selector: the same words as in the dashboard'),
        hint('callboard tail', 'what happens, as it happens'),
      ],
    },
    {
      title: 'Put right',
      hints: [
        hint('callboard dead groups', 'what was given up, by kind of error'),
        hint('callboard dead redrive error:~451 --dry-run', 'who would go back'),
        hint(`callboard dead redrive 1 --payload '{"to":"new@example.org"}'`, 'one, mended'),
        hint('callboard tasks cancel queue:mail state:scheduled', 'call off what waits'),
      ],
    },
    {
      title: 'Steer',
      hints: [
        hint('callboard queues pause mail --for 1h', 'hand out nothing'),
        hint('callboard queues set mail --rate 40/1s', 'another pace, at once'),
        hint('callboard workers drain web-1/4711/1f2e', 'let one process finish and leave'),
        hint('callboard subs seek mail-planner books.released --to all', 'read a topic from its beginning'),
        hint('callboard doctor', 'what needs attention; exit code 9 if something does'),
      ],
    },
  ],
  celery: [
    {
      title: 'Celery, and here',
      hints: [
        hint('@app.task', "task('mail.send', …), and service.perform(sendMail, handler)"),
        hint('send.delay(x)', 'board.enqueue(sendMail, x)'),
        hint('apply_async(countdown=, eta=)', 'enqueue(…, { delay }), { at }'),
        hint('AsyncResult(id).get()', 'await handle.result(), where the task has an output or track: true'),
        hint('self.retry()', "throw; later at no attempt: throw new Snooze('5m')"),
        hint('acks_late', 'always so'),
        hint("rate_limit='10/m'", "gates: [rate(10, '1m')] of callboard/limits"),
        hint('a signal, or a fan-out of your own', "topic('books.released', …), and service.subscribe: nobody is named"),
        hint('celery -A tasks worker', 'callboard start ./app.ts'),
        hint('celery beat', 'callboard schedules'),
        hint('flower', 'callboard dash'),
        hint('inspect active', 'callboard tasks state:running'),
        hint('control revoke', 'callboard tasks cancel id:4711'),
        hint('control rate_limit', 'callboard limits set mailer:mail.send --rate 10/m'),
        hint('control shutdown', 'callboard workers drain web-1/4711/1f2e'),
        hint('purge', 'callboard queues purge mail'),
      ],
    },
  ],
}

/** `callboard cheat [page]`. */
export async function cheat(call: Call): Promise<undefined> {
  const [name = 'callboard'] = call.args
  const page = Object.hasOwn(pages, name) ? pages[name] : undefined
  if (page === undefined) throw new UsageError(`There is no page ${name}.`, `There are ${Object.keys(pages).join(', ')}.`)
  const { paint } = call.out
  const left = Math.max(...page.flatMap(({ hints }) => hints.map(({ say }) => columns(say)))) + 2
  return call.show({ page: name, sections: page }, () =>
    page.flatMap(({ title, hints }) => [
      paint('bold', title),
      ...hints.map(({ say, says }) => `  ${say}${' '.repeat(left - columns(say))}${paint('dim', says)}`),
      '',
    ]),
  )
}
