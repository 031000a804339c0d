/** What every screen is made of: a heading, what to say when there is nothing, and what went wrong. */

import type { ComponentChildren } from 'preact'
import type { Shown, Trouble } from '../api.ts'
import { visible } from '../text.ts'

/** The heading of a screen. */
export function Head({ title, children, acts }: { title: ComponentChildren; children?: ComponentChildren; acts?: ComponentChildren }) {
  return (
    <header class="head">
      <div>
        <h1>{title}</h1>
        {children ? <p>{children}</p> : null}
      </div>
      {acts ? <div class="acts">{acts}</div> : null}
    </header>
  )
}

/** There is nothing, and what to do about it. */
export function Empty({ title, children, code }: { title: string; children?: ComponentChildren; code?: string }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children ? <div>{children}</div> : null}
      {code ? <pre>{code}</pre> : null}
    </div>
  )
}

/** What went wrong, and how to mend it. */
export function Told({ trouble }: { readonly trouble: Trouble | undefined }) {
  if (!trouble) return null
  return (
    <p class="notice bad" role="alert">
      {visible([trouble.what, trouble.why, trouble.fix].filter(Boolean).join(' '), 2_000)}
    </p>
  )
}

/** Data that may not be there yet: said so until it is; what goes wrong stands above what was known. */
export function Loaded<T>({ shown, children }: { shown: Shown<T>; children: (data: T) => ComponentChildren }) {
  if (shown.data === undefined) return shown.trouble ? <Told trouble={shown.trouble} /> : <p class="soft">Looking…</p>
  return (
    <div class="stack">
      <Told trouble={shown.trouble} />
      {children(shown.data)}
    </div>
  )
}
