/** Which keys there are. */

import { letters } from './keys.ts'
import { openDialog } from './parts/dialog.tsx'
import { screens } from './screens/names.ts'

const others = [
  ['Ctrl K', 'go anywhere'],
  ['/', 'select'],
  ['j  k', 'next row, row before'],
  ['x', 'choose the row'],
  ['Enter', 'open it'],
  ['Esc', 'close, leave a field'],
  ['space', 'freeze, go on'],
  ['t', 'light or dark'],
  ['.', 'dense or airy'],
  ['?', 'this'],
] as const

/** Shows them. */
export function help(): void {
  openDialog('Keys', () => (
    <>
      <dl class="facts">
        {others.map(([key, does]) => (
          <Row key={key} name={key} does={does} />
        ))}
        {screens.map(({ name, key, title }) => (
          <Row key={name} name={`g ${key}`} does={title} />
        ))}
      </dl>
      <label class="row">
        <input type="checkbox" checked={letters.value} onChange={(event) => (letters.value = event.currentTarget.checked)} />
        Single letters are keys
      </label>
    </>
  ))
}

function Row({ name, does }: { readonly name: string; readonly does: string }) {
  return (
    <>
      <dt>
        {name.split(/ +/).map((key) => (
          <>
            <kbd>{key}</kbd>{' '}
          </>
        ))}
      </dt>
      <dd>{does}</dd>
    </>
  )
}
