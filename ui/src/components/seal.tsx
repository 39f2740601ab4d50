/** Approval granted, contract signed, licence activated: the ring draws, the tick lands, 500 ms, once. */
export function Seal({ size = 72, tone = 'brand' }: { size?: number; tone?: 'brand' | 'success' }) {
  const c = tone === 'success' ? 'var(--success)' : 'var(--brand)'
  return (
    <svg className="seal" viewBox="0 0 96 96" width={size} height={size} aria-hidden="true">
      <g className="wax">
        <circle cx="48" cy="48" r="34" fill={c} opacity=".13" />
      </g>
      {Array.from({ length: 24 }, (_, i) => {
        const a = (i / 24) * Math.PI * 2
        return (
          <path
            key={i}
            className="ray"
            pathLength={1}
            d={`M${48 + Math.cos(a) * 39} ${48 + Math.sin(a) * 39}L${48 + Math.cos(a) * 45} ${48 + Math.sin(a) * 45}`}
            stroke={c}
            strokeWidth="2"
            strokeLinecap="round"
            opacity=".7"
          />
        )
      })}
      <circle className="ring" pathLength={1} cx="48" cy="48" r="34" fill="none" stroke={c} strokeWidth="3" transform="rotate(-90 48 48)" />
      <path
        className="tk"
        pathLength={1}
        d="M33 49.5l10.5 10.5L64 37"
        fill="none"
        stroke={c}
        strokeWidth="6"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}
