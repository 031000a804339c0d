/** What may be announced in the group. A plain value: whoever posts and whoever listens share it, and nothing else. */

import { topic } from 'callboard'
import { z } from 'zod'

export const posted = topic('group.posted', z.object({ by: z.string().min(1), text: z.string().min(1) }))
