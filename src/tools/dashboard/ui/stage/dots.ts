/** The dots that move along the edges, on a canvas that is decoration: hollow diamonds split, filled squares do not. */

import type { Move } from './tally.ts'

interface Dot {
  readonly path: SVGPathElement
  readonly length: number
  readonly start: number
  readonly style: 'implicit' | 'explicit'
  readonly failed: boolean
  readonly count: number
}

/** How long a dot takes over one edge, in ms. */
const travel = 750
/** Dots at most; more at a time are one dot with a number. */
const most = 400

/** A canvas over a picture whose edges it knows by name. */
export interface Dots {
  /** Sends dots over their edges. What goes out waits for what comes in. */
  send(moves: readonly Move[]): void
  /** How much slower than life. */
  slow(factor: number): void
  /** Ends it. */
  stop(): void
}

/** Draws on a canvas. `edge` finds the path of an edge. */
export function dots(canvas: HTMLCanvasElement, edge: (way: string, leg: 'in' | 'out') => SVGPathElement | undefined): Dots {
  const context = canvas.getContext('2d')
  let moving: Dot[] = []
  let frame = 0
  let factor = 1

  const draw = (): void => {
    const now = performance.now()
    const scale = devicePixelRatio
    const { width, height } = canvas.getBoundingClientRect()
    if (!context) return
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale)
      canvas.height = Math.round(height * scale)
    }
    context.setTransform(scale, 0, 0, scale, 0, 0)
    context.clearRect(0, 0, width, height)
    const colours = getComputedStyle(canvas)
    moving = moving.filter((dot) => now - dot.start < travel * factor && dot.path.isConnected)
    for (const dot of moving) if (now >= dot.start) paint(context, colours, dot, (now - dot.start) / (travel * factor))
    frame = moving.length > 0 ? requestAnimationFrame(draw) : 0
  }

  return {
    send(moves) {
      const now = performance.now()
      const heard = moves.some(({ leg }) => leg === 'in')
      for (const { way, leg, style, failed, count } of moves) {
        if (moving.length >= most) break
        // A copy leaves the shape when what it is a copy of has arrived there.
        const start = now + (leg === 'out' && heard ? travel * factor : 0)
        const path = edge(way, leg)
        if (path) moving.push({ path, length: path.getTotalLength(), start, style, failed, count })
      }
      if (moving.length > 0 && frame === 0) frame = requestAnimationFrame(draw)
    },
    slow(next) {
      factor = next
    },
    stop() {
      cancelAnimationFrame(frame)
      moving = []
    },
  }
}

function paint(context: CanvasRenderingContext2D, colours: CSSStyleDeclaration, dot: Dot, part: number): void {
  const eased = part < 0.5 ? 2 * part * part : 1 - (2 - 2 * part) ** 2 / 2
  const { x, y } = dot.path.getPointAtLength(eased * dot.length)
  const colour = colours.getPropertyValue(dot.failed ? '--bad' : `--${dot.style}`)
  const size = 5.5
  context.beginPath()
  if (dot.style === 'implicit') {
    context.moveTo(x, y - size - 1.5)
    context.lineTo(x + size + 1.5, y)
    context.lineTo(x, y + size + 1.5)
    context.lineTo(x - size - 1.5, y)
    context.closePath()
    context.fillStyle = colours.getPropertyValue('--card')
    context.fill()
    context.lineWidth = 2
    context.strokeStyle = colour
    context.stroke()
  } else {
    context.roundRect(x - size, y - size, size * 2, size * 2, 2)
    context.fillStyle = colour
    context.fill()
  }
  if (dot.count < 2) return
  context.font = `600 11px ${colours.fontFamily}`
  context.fillStyle = colour
  context.fillText(`×${dot.count}`, x + size + 5, y - size)
}
