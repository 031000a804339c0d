/** How live the page is, and what it has heard. */

import { computed, signal } from '@preact/signals'
import type { Flow, Hello } from '../../messages.ts'
import { connect } from './connect.ts'

/** Who we talk to. Undefined until the server has said it. */
export const hello = signal<Hello | undefined>(undefined)

/** Counts what has changed on the server; views look again when it grows. */
export const changes = signal(0)

/** Nothing moves until it is unfrozen. */
export const frozen = signal(false)

const link = signal<'open' | 'broken' | 'new'>('new')
const heardAt = signal(Date.now())
const lostSince = signal<number | undefined>(undefined)
const brokenSince = signal(Date.now())

/** The time, once a second. */
export const now = signal(Date.now())

/** Silence of the server for so many ms means that it is gone. It ticks every second. */
const silence = 3_500

/** How things stand: live, on the way back, or without a broker. `since` is when that began. */
export const standing = computed((): { readonly state: 'live' | 'connecting' | 'reconnecting' | 'lost'; readonly since: number } => {
  if (link.value === 'new') return { state: 'connecting', since: brokenSince.value }
  if (link.value === 'broken') return { state: 'reconnecting', since: brokenSince.value }
  if (now.value - heardAt.value > silence) return { state: 'reconnecting', since: heardAt.value }
  if (lostSince.value !== undefined) return { state: 'lost', since: lostSince.value }
  return { state: 'live', since: 0 }
})

/** Whether the one who looks may act, here and now. */
export const mayAct = computed(() => hello.value?.role === 'operator' && standing.value.state === 'live')

/** Whether there are actions at all for the one who looks. */
export const isOperator = computed(() => hello.value?.role === 'operator')

const watchers = new Set<(flow: Flow) => void>()

/** Hears what happens, as it happens. Gives back how to stop. */
export function watch(hear: (flow: Flow) => void): () => void {
  watchers.add(hear)
  return () => watchers.delete(hear)
}

let seen = -1

/** Begins. */
export function start(): void {
  setInterval(() => {
    now.value = Date.now()
  }, 1_000)
  connect((message) => {
    if (message.type === 'link') {
      if (message.data === 'broken' && link.value !== 'broken') brokenSince.value = Date.now()
      link.value = message.data
      return
    }
    heardAt.value = Date.now()
    link.value = 'open'
    if (message.type === 'hello') hello.value = message.data
    else if (message.type === 'flow') {
      if (!frozen.value) for (const hear of watchers) hear(message.data)
    } else {
      lostSince.value = message.data.broker === 'lost' ? (message.data.since ?? Date.now()) : undefined
      if (message.data.change !== seen && !frozen.value) {
        seen = message.data.change
        changes.value++
      }
    }
  })
}
