/** The two shapes, and the legend that is made of them. */

/** The whole difference in a hundred pixels. */
export function Legend({ style }: { readonly style: 'implicit' | 'explicit' }) {
  const edges = ['M66 17C95 17 95 5 136 5', 'M66 17L136 17', 'M66 17C95 17 95 29 136 29']
  return (
    <svg class={`legend edges ${style}`} viewBox="0 0 150 34" aria-hidden="true" style={{ position: 'static' }}>
      <path class="way" d="M4 17L44 17" />
      <Shape style={style} x={55} y={17} size={9} />
      {edges.map((d, index) => (
        <g key={d} class={style === 'explicit' && index !== 1 ? 'idle' : undefined}>
          <path class="way" d={d} />
          {style === 'implicit' || index === 1 ? <Shape style={style} x={142} y={5 + index * 12} size={4} /> : null}
        </g>
      ))}
    </svg>
  )
}

/** Hollow and pointed, or filled and square. */
export function Shape({ style, x, y, size }: { style: 'implicit' | 'explicit'; x: number; y: number; size: number }) {
  if (style === 'explicit')
    return <rect x={x - size * 0.85} y={y - size * 0.85} width={size * 1.7} height={size * 1.7} rx={size / 5} fill="var(--explicit)" />
  return (
    <path
      d={`M${x} ${y - size}L${x + size} ${y}L${x} ${y + size}L${x - size} ${y}Z`}
      fill="var(--card)"
      stroke="var(--implicit)"
      stroke-width={size > 6 ? 3 : 1.8}
      stroke-linejoin="round"
    />
  )
}
