/** What every measured system offers, so that one workload reads the same for all of them. Owns no connection and no clock. */

/** What a system is told about the run it takes part in. */
export interface Place {
  /** The server started for this run. */
  url: string
  durability: Durability
  /** The folder whose node_modules hold the packages of the peers. */
  packages: string
  /** Prepared differently for the comparison of layouts; no other workload sets it. */
  shape?: Shape
}

/** `default`: survives the end of the server process. `always`: survives a power cut as well. */
export type Durability = 'default' | 'always'

/** One way of laying work out on the broker. */
export interface Shape {
  /** Message ids, and with them header bytes. Default: true. */
  ids?: boolean
  /** A subject per message instead of one for all. Default: false. */
  ownSubjects?: boolean
  /** Messages in one atomic batch. Default: 1000. */
  batch?: number
}

/** One message: about 200 bytes of MessagePack unless `blob` makes it larger. */
export interface Mail {
  n: number
  /** When it was sent, milliseconds of the machine's monotonic clock; 0 where nobody looks. */
  at: number
  to: string
  subject: string
  isbn: string
  title: string
  text: string
  blob?: Uint8Array
}

/** Runs for one mail. What it returns is the answer where one was asked for. */
export type Handler = (mail: Mail) => Promise<unknown>

/** What a workload may ask a worker for, beyond running the handler. */
export interface PerformOptions {
  /** The sender waits for what the handler returns. Default: false. */
  answers?: boolean
  /** A thrown error is retried after this many milliseconds. Default: 100. */
  retryAfter?: number
  /** A gate that lets all of it pass, for what asking it costs. Default: none. */
  gate?: 'concurrency' | 'rate' | 'key'
}

/** Something that takes work until it is stopped. */
export interface Running {
  stop(): Promise<void>
}

/** What a run needs to exist on the server before it begins. */
export interface Need {
  /** Work that becomes due later. */
  schedules?: boolean
}

/** The half every system has: tasks. */
export interface TaskClient {
  declare(need: Need): Promise<void>
  /** Resolves once the server has stored it. */
  enqueue(mail: Mail): Promise<unknown>
  enqueueMany(mails: Mail[]): Promise<unknown>
  /** Stored now, due at `at`. */
  laterMany(mails: Mail[], at: Date): Promise<unknown>
  perform(handler: Handler, options?: PerformOptions): Promise<Running>
  /** Resolves once the server has recorded the end of everything this client ran: nothing waits, nothing is unacknowledged. */
  settled(): Promise<void>
  close(): Promise<void>
}

/** The systems over NATS have topics and results as well. */
export interface Client extends TaskClient {
  publish(mail: Mail): Promise<unknown>
  publishMany(mails: Mail[]): Promise<unknown>
  subscribe(service: string, handler: Handler): Promise<Running>
  /** Has a handler called for up to `size` mails at once; absent where a system hands over one at a time only. */
  performMany?(handler: (mails: Mail[]) => Promise<unknown>, size: number): Promise<Running>
  /** Enqueues and resolves with what the handler returned. */
  ask(mail: Mail): Promise<unknown>
}

/** What each file beside this one exports. */
export interface System<C extends TaskClient = Client> {
  open(place: Place): Promise<C>
}

/** The mail with number `n`, as all systems send it. */
export function mail(n: number, at = 0, blob?: Uint8Array): Mail {
  const body: Mail = {
    n,
    at,
    to: `reader-${String(n).padStart(8, '0')}@example.org`,
    subject: 'The book you are waiting for is out',
    isbn: '978-0-306-40615-7',
    title: 'The Callboard',
    text: 'Ann, it lies on the table by the door since noon.',
  }
  if (blob) body.blob = blob
  return body
}

/** The id a mail is deduplicated by: 20 characters, as ids in the wild have. */
export function idOf(n: number): string {
  return `01JD2Q7ZK4X8${n.toString(36).padStart(8, '0')}`
}

/** Resolves with the first true answer of `probe`, asked every `every` milliseconds. */
export async function poll(probe: () => Promise<boolean>, every = 2): Promise<void> {
  while (!(await probe())) await new Promise((resolve) => setTimeout(resolve, every))
}

/** Calls `send` for every item, at most `window` of them unanswered at a time. */
export async function windowed<T>(items: Iterable<T>, window: number, send: (item: T) => Promise<unknown>): Promise<void> {
  const iterator = items[Symbol.iterator]()
  async function lane(): Promise<void> {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await send(next.value)
  }
  await Promise.all(Array.from({ length: window }, lane))
}
