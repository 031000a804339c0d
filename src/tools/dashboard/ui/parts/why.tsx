/** Why something stands where it stands, in sentences. */

import type { Because } from '../../../../extras/admin/model.ts'
import { useData } from '../api.ts'
import { visible } from '../text.ts'

/** Asks why, and shows the answer. */
export function Why({ of }: { readonly of: Readonly<Record<string, string>> }) {
  return <Reasons why={useData<readonly Because[]>('why', of).value.data ?? []} />
}

/** Reasons that are known. */
export function Reasons({ why }: { readonly why: readonly Because[] }) {
  if (why.length === 0) return null
  return (
    <section class="card pad stack why" aria-label="Why it is so">
      {why.map(({ code, text, fix }) => (
        <p key={code + text}>
          <code class="reason">{visible(code, 40)}</code> <bdi>{visible(text, 600)}</bdi>{' '}
          {fix ? <span class="soft">{visible(fix, 400)}</span> : null}
        </p>
      ))}
    </section>
  )
}
