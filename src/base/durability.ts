/**
 * What a power cut would cost: a level, and a sentence that says it. Pure; the facts are asked elsewhere.
 *
 * The end of a server process costs nothing that was acknowledged, at any level.
 */

/** How often a server writes what it has acknowledged through to its disk: before it acknowledges, every so many ms, or it does not say. */
export type Sync = 'always' | 'unknown' | number

/** What survives what. */
export interface Durability {
  /**
   * D1  one copy, synced now and then: a power cut loses what was acknowledged since
   * D2  one copy, synced always: a power cut loses nothing
   * D3  several copies, synced now and then: losing one server loses nothing, a power cut of all of them what was acknowledged since
   * D4  several copies, synced always: a power cut of all of them loses nothing
   * unknown  the servers do not say how often they sync: count on D1 or D3
   */
  readonly level: 'D1' | 'D2' | 'D3' | 'D4' | 'unknown'
  /** Copies of the stream of this board that has the fewest. */
  readonly replicas: number
  /** Of the servers that were asked, the laziest. */
  readonly sync: Sync
  /** All of it in words, for a log line. */
  readonly sentence: string
}

/** Judges. `syncs` are those of all servers that told; none of them told: unknown. */
export function durabilityOf(replicas: number, syncs: readonly Sync[]): Durability {
  const sync = laziest(syncs)
  const several = replicas > 1
  const level = sync === 'unknown' ? 'unknown' : sync === 'always' ? (several ? 'D4' : 'D2') : several ? 'D3' : 'D1'
  const copies = several ? `${replicas} copies` : 'one copy'
  const cut = several ? 'a power cut of all servers at once' : 'a power cut'
  return { level, replicas, sync, sentence: `durability ${level}: ${copies}, ${costs(sync, several, cut)}` }
}

function costs(sync: Sync, several: boolean, cut: string): string {
  if (sync === 'always') return `synced before it is acknowledged; ${cut} loses nothing`
  if (sync === 'unknown') return `and the servers do not say how often they sync; count on ${several ? 'D3' : 'D1'}`
  return `synced every ${inWords(sync)}; ${cut} loses up to as much, and streams as young as that`
}

function laziest(syncs: readonly Sync[]): Sync {
  if (syncs.length === 0 || syncs.includes('unknown')) return 'unknown'
  const spans = syncs.filter((sync) => typeof sync === 'number')
  return spans.length === 0 ? 'always' : Math.max(...spans)
}

function inWords(ms: number): string {
  if (ms % 60_000 === 0) return `${ms / 60_000} min`
  return ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`
}
