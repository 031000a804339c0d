/** Everybody's mailbox: a real SMTP server on loopback that counts what it takes, refuses some, is slow with one, and can stall. */

import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { SMTPServer, type SMTPServerSession } from 'smtp-server'

/** A copy of a mail that was taken. */
export interface Mail {
  /** The id of the task, which travelled as a header. */
  readonly id: string
  readonly to: string
  /** The process that brought it, as it called itself in its greeting. */
  readonly mailer: string
}

/** How a mailbox behaves. All others take everything. */
export type Mood = 'busy' | 'gone' | 'slow'

/** What a mail server of the demo tells, and how it is made to stall. */
export interface MailboxOptions {
  /** Address in lower case → mood. `busy`: 451 twice. `gone`: 550. `slow`: takes its time, longer than a lease. */
  readonly moods: ReadonlyMap<string, Mood>
  /** ms until a mail is taken. */
  readonly pace: number
  /** A mail has come, and is not yet taken. */
  onArrived(mail: Mail): void
  onTaken(mail: Mail): void
  onRefused(to: string, mailer: string, answer: string): void
}

/** How long the slow one takes, in ms: longer than the lease of the mailers, who keep it alive. */
const slowness = 3500

/** A mail server that counts. */
export class Mailbox {
  readonly url: string
  readonly #server: SMTPServer
  readonly #atHand: Set<{ readonly mailer: string }>
  readonly #stalled: Set<string>

  constructor(server: SMTPServer, atHand: Set<{ readonly mailer: string }>, stalled: Set<string>) {
    this.url = `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`
    this.#server = server
    this.#atHand = atHand
    this.#stalled = stalled
  }

  /** From now on a mailer hears nothing any more: what was taken from it just now is taken, what comes after is not. */
  stall(mailer: string): void {
    this.#stalled.add(mailer)
  }

  /** How many mails of a mailer are here and not yet answered. */
  unanswered(mailer: string): number {
    return [...this.#atHand].filter((mail) => mail.mailer === mailer).length
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(resolve))
  }
}

/** Opens the mailboxes on a free port. */
export async function openMailbox({ moods, pace, onArrived, onTaken, onRefused }: MailboxOptions): Promise<Mailbox> {
  const atHand = new Set<{ readonly mailer: string }>()
  const stalled = new Set<string>()
  const hungUp = new Set<string>()
  const refusals = new Map<string, number>()

  /** Answers true when the mail was taken and its sender is to be told so. */
  async function take(mail: Mail, { id }: SMTPServerSession): Promise<boolean> {
    await sleep(moods.get(mail.to.toLowerCase()) === 'slow' ? slowness : pace * (0.5 + (mail.to.length % 10) / 10))
    if (hungUp.has(id) || stalled.has(mail.mailer)) return false
    onTaken(mail)
    return !stalled.has(mail.mailer)
  }

  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: 1000,
    onRcptTo({ address }, session, answer) {
      const refuse = (responseCode: number, message: string) => {
        onRefused(address, session.hostNameAppearsAs, `${responseCode} ${message}`)
        answer(Object.assign(new Error(message), { responseCode }))
      }
      const mood = moods.get(address.toLowerCase())
      if (mood === 'gone') return refuse(550, 'no such mailbox here')
      const times = (refusals.get(address) ?? 0) + 1
      if (mood !== 'busy' || times > 2) return answer()
      refusals.set(address, times)
      refuse(451, 'busy, try again later')
    },
    onData(stream, session, answer) {
      void (async () => {
        let text = ''
        for await (const chunk of stream) text += chunk
        const id = /^X-Callboard-Id: *(\S+)/im.exec(text)?.[1] ?? 'without an id'
        const mail = { id, to: session.envelope.rcptTo[0]?.address ?? '', mailer: session.hostNameAppearsAs }
        atHand.add(mail)
        onArrived(mail)
        if (await take(mail, session)) {
          atHand.delete(mail)
          answer(null, 'taken')
        }
      })()
    },
    onClose: ({ id }) => void hungUp.add(id),
  })
  // A killed mailer breaks its connections; that is not our trouble.
  server.on('error', () => undefined)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve())
  })
  return new Mailbox(server, atHand, stalled)
}
