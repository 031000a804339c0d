/** Every verb there is, in the order of the help. */

import type { Group } from './verb.ts'
import { care } from './verbs-care.ts'
import { look } from './verbs-look.ts'
import { run } from './verbs-run.ts'
import { speak } from './verbs-speak.ts'

/** Every verb, in groups. */
export const groups: readonly Group[] = [run, speak, look, care]
