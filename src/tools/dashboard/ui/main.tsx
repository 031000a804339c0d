import './style/tokens.css'
import './style/base.css'
import './style/shell.css'
import './style/parts.css'
import './style/stage.css'
import { render } from 'preact'
import { start } from './live/live.ts'
import { Login, needed } from './login.tsx'
import { Shell } from './shell.tsx'
import './theme.ts'

const root = document.getElementById('app')

async function begin(): Promise<void> {
  if (!root) return
  if (await needed()) return render(<Login />, root)
  start()
  render(<Shell />, root)
}

void begin()
