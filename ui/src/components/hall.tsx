import { Orb, type OrbState } from './orb'

const N = 9
const gable = (s: number) => {
  const x = (v: number) => 300 + v * s
  const y = (v: number) => 300 + v * s
  return `M${x(-260)} ${y(190)}V${y(-70)}L${x(0)} ${y(-280)}L${x(260)} ${y(-70)}V${y(190)}`
}
/** The hall: nested gables receding to a doorway that holds the orb. `lit` (0 to 1) is real progress: gables light from the door outwards. */
export function Hall({ lit = 1, orb = 92, state, className = '' }: { lit?: number; orb?: number; state?: OrbState; className?: string }) {
  const on = Math.round(lit * N)
  return (
    <div className={`hall relative aspect-[600/500] ${className}`} aria-hidden="true">
      <svg aria-hidden="true" viewBox="0 0 600 500" className="absolute inset-0 h-full w-full overflow-visible">
        <defs>
          <radialGradient id="hall-glow" cx=".5" cy=".5" r=".5">
            <stop offset="0" stopColor="rgb(var(--au1))" stopOpacity=".55" />
            <stop offset="1" stopColor="rgb(var(--au2))" stopOpacity="0" />
          </radialGradient>
          <linearGradient id="hall-floor" x1="0" y1="0" x2="0" y2="1">
            <stop offset="0" stopColor="rgb(var(--glow))" stopOpacity=".30" />
            <stop offset="1" stopColor="rgb(var(--glow))" stopOpacity="0" />
          </linearGradient>
        </defs>
        <circle cx="300" cy="300" r="230" fill="url(#hall-glow)" />
        <path fill="url(#hall-floor)" d="M262 326L40 490H560L338 326Z" />
        {Array.from({ length: N }, (_, i) => {
          const s = 0.17 * 1.247 ** i
          return <path key={i} className="g" d={gable(s)} data-lit={i < on ? '' : undefined} opacity={1 - i * 0.085} style={{ '--n': i }} />
        })}
        {[-1, 1].map((k) => (
          <path
            key={k}
            className="g"
            opacity=".5"
            d={`M${300 + k * 44} ${300 - 12}L${300 + k * 260} ${300 - 70}M${300 + k * 44} 332L${300 + k * 260} 490`}
          />
        ))}
        <path className="g" opacity=".5" d="M300 252L300 20" />
      </svg>
      <span className="absolute top-[60%] start-1/2 -translate-x-1/2 rtl:translate-x-1/2 -translate-y-1/2">
        <Orb hue="magenta" size={orb} state={state} />
      </span>
    </div>
  )
}
