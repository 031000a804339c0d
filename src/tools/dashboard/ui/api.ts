/** Asking the server: looking and acting. What goes wrong comes back as a sentence, never as something thrown. */

import { type Signal, useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { changes, standing } from './live/live.ts'

/** Why something was refused. */
export interface Trouble {
  readonly what: string
  readonly why?: string
  readonly fix?: string
  readonly code?: string
  readonly status: number
}

/** What came back. */
export type Answer<T> = { readonly data: T; readonly trouble?: undefined } | { readonly data?: undefined; readonly trouble: Trouble }

/** Asks for data. */
export function look<T>(path: string, params: Readonly<Record<string, string | undefined>> = {}): Promise<Answer<T>> {
  const said = Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '')
  return ask<T>(`api/${path}${said.length > 0 ? `?${new URLSearchParams(said)}` : ''}`, {})
}

/** Does something. */
export function act<T = unknown>(path: string, body: unknown, signal?: AbortSignal): Promise<Answer<T>> {
  const headers = { 'content-type': 'application/json', 'x-callboard': '1' }
  return ask<T>(`api/${path}`, { method: 'POST', headers, body: JSON.stringify(body), ...(signal ? { signal } : {}) })
}

async function ask<T>(path: string, init: RequestInit): Promise<Answer<T>> {
  try {
    const response = await fetch(new URL(path, document.baseURI), init)
    const body: unknown = await response.json()
    if (response.ok) return { data: body as T }
    return { trouble: { what: `The server answered ${response.status}.`, ...(body as object), status: response.status } }
  } catch {
    return { trouble: { what: 'The dashboard server does not answer.', fix: 'Look whether its process still runs.', status: 0 } }
  }
}

/** What a view shows: the newest data there is, and what is wrong with getting newer. */
export interface Shown<T> {
  readonly data?: T
  readonly trouble?: Trouble
}

/** What was last known, by question, oldest first: where the newest cannot be had, this is shown, and said to be old. */
const known = new Map<string, unknown>()
const mostKnown = 60

function remember(key: string, data: unknown): void {
  known.delete(key)
  known.set(key, data)
  for (const oldest of known.keys()) {
    if (known.size <= mostKnown) return
    known.delete(oldest)
  }
}

/**
 * Data that follows what happens: asked for again whenever the server says that something changed, never twice at once.
 * While it is asked for again the old data stays;
 * where it cannot be asked for, what was known when somebody last looked. `pulse`: it is also asked for again when this is another number.
 */
export function useData<T>(path: string, params: Readonly<Record<string, string | undefined>> = {}, pulse = 0): Signal<Shown<T>> {
  const shown = useSignal<Shown<T>>({})
  const key = `${path} ${JSON.stringify(params)}`
  const asked = useRef({ key: '', busy: false, again: false })
  const change = changes.value
  const state = standing.value.state
  useEffect(() => {
    const run = asked.current
    if (run.key !== key) {
      const old = state === 'live' ? undefined : (known.get(key) as T | undefined)
      shown.value = old === undefined ? {} : { data: old }
      run.key = key
      run.busy = false
    }
    if (run.busy) {
      run.again = true
      return
    }
    const get = async (): Promise<void> => {
      run.busy = true
      run.again = false
      const { data, trouble } = await look<T>(path, params)
      if (run.key !== key) return
      run.busy = false
      if (!trouble) remember(key, data)
      shown.value = trouble ? { ...shown.value, trouble } : { data: data as T }
      if (run.again) void get()
    }
    void get()
  }, [key, change, state, pulse])
  return shown
}
