/** `callboard completion`: what a shell reads once to complete verbs, flags and names. */

import type { Call } from '../cli/call.ts'

/** `callboard completion <shell>`. */
export async function completion(call: Call): Promise<undefined> {
  const { script, shells } = await import('../cli/complete.ts')
  const [shell = ''] = call.args
  if (!shells.some((each) => each === shell)) {
    const { UsageError } = await import('../cli/usage.ts')
    throw new UsageError(`There are no completions for ${shell}.`, `Say one of ${shells.join(', ')}.`)
  }
  script(shell, call.out.raw)
}
