/** The door, where there is one. */

import { useSignal } from '@preact/signals'
import { act, look, type Trouble } from './api.ts'
import { Told } from './parts/frame.tsx'

/** Whether somebody has to say who they are. */
export async function needed(): Promise<boolean> {
  return (await look('session')).trouble?.status === 401
}

/** Asks for a token. */
export function Login() {
  const token = useSignal('')
  const trouble = useSignal<Trouble | undefined>(undefined)
  const enter = async (event: Event): Promise<void> => {
    event.preventDefault()
    const answer = await act('login', { token: token.value })
    if (answer.trouble) trouble.value = answer.trouble
    else location.reload()
  }
  return (
    <main class="login">
      <form class="card pad stack" onSubmit={(event) => void enter(event)}>
        <h1>callboard</h1>
        <label class="field">
          Token
          <input
            type="password"
            autocomplete="current-password"
            value={token.value}
            onInput={(event) => {
              token.value = event.currentTarget.value
            }}
          />
          <small>Whoever runs this dashboard has set it.</small>
        </label>
        <Told trouble={trouble.value} />
        <button type="submit" class="main">
          Log in
        </button>
      </form>
    </main>
  )
}
