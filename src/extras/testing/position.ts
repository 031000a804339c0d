/** How far a consumer is: what it hands over next, what is open, and up to where everything is answered. Knows no messages. */

/** A delivery that is open. `until`: when it is handed over again unless it is answered. */
export interface Open {
  /** Which hand-over of the consumer it was first. */
  readonly nth: number
  until: number
  /** It waits for its time, by the wish of who had it. */
  resting: boolean
}

/** How far a consumer is. */
export class Position {
  /** The next to be handed over for the first time. */
  next: number
  /** How many were handed over, repeats included. */
  handed = 0
  /** Everything up to this hand-over, and up to this place in the stream, is answered. */
  floorNth = 0
  floor: number
  readonly open = new Map<number, Open>()
  /** How often what is open was handed over. */
  readonly counts = new Map<number, number>()
  /** What is open and is to be handed over once more, in the order it came back. */
  again: number[] = []

  constructor(next: number) {
    this.next = next
    this.floor = next - 1
  }

  /** Something is answered for good. */
  close(seq: number): void {
    const nth = this.open.get(seq)?.nth
    this.#drop(seq)
    if (this.open.size === 0) this.#rise()
    else if (nth === this.floorNth + 1) this.#raise(nth, seq)
  }

  /** What lies before `from` is gone, and of the rest what `gone` says. */
  skip(from: number, gone: (seq: number) => boolean): void {
    this.next = Math.max(this.next, from)
    if (this.floor < from) {
      this.floor = from - 1
      for (const [seq, { nth }] of this.open) {
        if (seq > this.floor && !gone(seq)) continue
        this.floorNth = Math.max(this.floorNth, nth)
        this.#drop(seq)
      }
    }
    if (this.open.size === 0) this.#rise()
  }

  #drop(seq: number): void {
    this.open.delete(seq)
    this.counts.delete(seq)
    if (this.again.includes(seq)) this.again = this.again.filter((each) => each !== seq)
  }

  #rise(): void {
    this.floorNth = this.handed
    this.floor = this.next - 1
  }

  /** The lowest answer has come: the floor rises to what is open next. */
  #raise(nth: number, seq: number): void {
    this.floorNth = nth
    this.floor = seq
    for (let above = seq + 1; above < this.next; above++) {
      const open = this.open.get(above)
      if (open === undefined) continue
      this.floorNth = open.nth - 1
      this.floor = above - 1
      return
    }
  }
}
