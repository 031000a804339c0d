/** Saying something from here: publish or enqueue, with a form from the schema where one is known. */

import { openDialog } from './dialog.tsx'

/** Opens the form. */
export function say(_kind: 'topic' | 'task', _name?: string): void {
  openDialog('Publish', () => null)
}
