import type { LucideIcon } from 'lucide-react'
import type { CSSProperties } from 'react'
import type { Hue } from '@/api/types'

/** Graphics only, never text: the three colours of each hue set. */
const HUES: Record<Hue, readonly [string, string, string]> = {
  magenta: ['#C2289F', '#6D35E8', '#F58ADB'],
  violet: ['#6D3DF0', '#B3219A', '#8FB6FF'],
  cyan: ['#0E93A8', '#6236E0', '#7CF0E0'],
  rose: ['#E0457B', '#98177E', '#FFB48A'],
}

/** The custom properties `.orb` and `.wash` paint with. */
export const hueStyle = (hue: Hue): CSSProperties => {
  const [first, second, third] = HUES[hue]
  return { '--h1': first, '--h2': second, '--h3': third }
}

export type OrbState = 'working' | 'waiting' | 'off'

/** Presence orb: a virtual employee's face. Pure CSS, three layers, compositor-only motion. */
export function Orb({ hue, size = 52, icon: Icon, state }: { hue: Hue; size?: number; icon?: LucideIcon; state?: OrbState }) {
  return (
    <span aria-hidden="true" className="orb inline-block" data-state={state} style={{ width: size, height: size, ...hueStyle(hue) }}>
      <i className="o3" />
      <i className="o1" />
      <i className="o2" />
      {Icon ? <Icon size={size * 0.4} strokeWidth={2} /> : null}
    </span>
  )
}
