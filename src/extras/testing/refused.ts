/** What a fake broker refuses: as the real one does, by its number; or because it does not do it at all, by name. */

/** A refusal as the broker writes it. */
export interface Refused {
  readonly code: number
  readonly err_code: number
  readonly description: string
}

/** Thrown where the broker refuses. */
export class Refusal extends Error {
  readonly refused: Refused
  constructor(refused: Refused) {
    super(`${refused.description} (${refused.err_code})`)
    this.refused = refused
  }
}

/** A refusal of the real broker: its status, its number and its words. */
export const refuse = (code: number, number: number, description: string): Refusal => new Refusal({ code, err_code: number, description })

/** What the real broker would do and this one does not. The number is none of the real one's. */
export const cannot = (what: string): Refusal =>
  refuse(501, 19_999, `the broker of callboard/testing does not do ${what}; run this test on a real one`)

/** Refusals that come up in several places. */
export const streamMissing = (): Refusal => refuse(404, 10059, 'stream not found')
export const consumerMissing = (): Refusal => refuse(404, 10014, 'consumer not found')
export const messageMissing = (): Refusal => refuse(404, 10037, 'no message found')
