/** What an exit code means. Part of the interface: scripts compare them. */

/** Code → meaning. */
export const exits = {
  0: 'done',
  1: 'something callboard does not know went wrong; the stack is shown with `--verbose`',
  2: 'the command line cannot be understood; nothing was done',
  3: 'the broker cannot be reached, refuses the credentials, or cannot do what is needed',
  4: 'an input does not fit: a payload, a name, an option; nothing was stored',
  5: 'there is nothing with this id or name',
  6: 'what is on the broker stands in the way: it exists already, differs from the code, or is full',
  7: 'the task that was waited for did not succeed',
  8: 'it did not happen in the time given',
  9: 'partly done: some things were refused, or something was found that needs attention',
  130: 'stopped by Ctrl-C',
  143: 'stopped by SIGTERM',
} as const

/** An exit code. */
export type Exit = keyof typeof exits

/** Codes that say more than their class. */
const byCode: Readonly<Record<string, Exit>> = {
  USAGE: 2,
  NOT_FOUND: 5,
  UNSUPPORTED_SERVER: 3,
  JETSTREAM_OFF: 3,
  PARTLY_STORED: 9,
  PUBLISH_UNKNOWN: 3,
  ABORTED: 130,
}

const byClass: Readonly<Record<string, Exit>> = {
  InvalidInputError: 4,
  ConnectionError: 3,
  BrokerError: 6,
  UnknownOutcomeError: 3,
  TimedOutError: 8,
  MessageError: 4,
  TaskError: 7,
  ServerError: 3,
}

/** The exit code for what was thrown. Classes are told by their names, so that saying so needs nothing loaded. */
export function exitOf(thrown: unknown): Exit {
  const { code, name } = (thrown ?? {}) as { code?: unknown; name?: unknown }
  return byCode[String(code)] ?? byClass[String(name)] ?? 1
}
