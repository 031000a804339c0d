/**
 * Who holds how many places of a limit. Pure: a book of claims goes in, and one's next claim comes out.
 *
 * Places are shared fairly: nobody who wants some gets fewer than another who wants as many, but for the remainder. That goes to
 * those whose turn is older; who has had its time while somebody has nothing at all takes a new turn, and so stands last.
 */

/** What one worker claims of a limit. */
export interface Claim {
  /** Places it may use. */
  readonly held: number
  /** Places it could use. */
  readonly wants: number
  /** When it came, or last gave way; lower is older. */
  readonly turn: number
}

/** Holder → claim. */
export type Book = Readonly<Record<string, Claim>>

/** What one's own worker does and wants just now. */
export interface Need {
  /** Places in use; they are claimed whatever the limit says. */
  readonly inUse: number
  readonly wants: number
  /** It has had its time: whoever has nothing comes first. */
  readonly yields: boolean
}

/** How many of `n` places each claimant may have. */
export function allot(n: number, claims: readonly (Pick<Claim, 'wants' | 'turn'> & { readonly holder: string })[]): Map<string, number> {
  const allotted = new Map<string, number>()
  const waiting = [...claims].sort((a, b) => a.wants - b.wants || a.turn - b.turn)
  let left = Math.max(0, n)
  while (waiting.length > 0) {
    const share = Math.floor(left / waiting.length)
    const [least] = waiting
    if (least === undefined || least.wants > share) break
    waiting.shift()
    allotted.set(least.holder, least.wants)
    left -= least.wants
  }
  const share = waiting.length === 0 ? 0 : Math.floor(left / waiting.length)
  let remainder = left - share * waiting.length
  for (const { holder } of waiting.sort((a, b) => a.turn - b.turn)) allotted.set(holder, share + (remainder-- > 0 ? 1 : 0))
  return allotted
}

/** One's next claim; undefined: none is needed. */
export function nextClaim(book: Book, me: string, n: number, need: Need): Claim | undefined {
  const { inUse, wants, yields } = need
  if (inUse === 0 && wants === 0) return undefined
  const others = Object.entries(book).filter(([holder]) => holder !== me)
  const own = book[me]
  const newest = Math.max(0, ...Object.values(book).map(({ turn }) => turn))
  const givesWay = own !== undefined && own.held > 0 && yields && others.some(([, claim]) => starves(claim))
  const turn = own === undefined || givesWay ? newest + 1 : own.turn
  const wanted = Math.max(inUse, Math.min(n, wants))
  const claims = [...others.map(([holder, claim]) => ({ holder, ...claim })), { holder: me, wants: wanted, turn }]
  const free = n - others.reduce((sum, [, { held }]) => sum + held, 0)
  const held = Math.max(inUse, Math.min(allot(n, claims).get(me) ?? 0, free), 0)
  return { held, wants: wanted, turn }
}

/** The book with another claim of one's own, and without those who are gone. */
export function written(book: Book, me: string, claim: Claim | undefined, gone: (holder: string) => boolean = () => false): Book {
  const rest = Object.entries(book).filter(([holder]) => holder !== me && !gone(holder))
  return Object.fromEntries(claim === undefined ? rest : [...rest, [me, claim]])
}

/** Whether a claim goes without a single place. */
const starves = ({ held, wants }: Claim): boolean => held === 0 && wants > 0

/** Whether others want more than they hold. */
export const wanting = (book: Book, me: string): boolean =>
  Object.entries(book).some(([holder, claim]) => holder !== me && claim.wants > claim.held)
