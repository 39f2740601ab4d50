import type { ReactNode } from 'react'
import { scrollRegion } from './scroll'

/** Read-only YAML with line numbers. Tokens become spans, never HTML strings. */
export function ManifestView({ text, label }: { text: string; label: string }) {
  return (
    <pre
      {...scrollRegion(label)}
      className="yaml max-h-[460px] overflow-auto rounded-[16px] border border-line bg-surface-2 py-3 font-mono text-[12.5px] leading-[1.7]"
    >
      {text.split('\n').map((l, i) => (
        <div key={i} className="flex pe-4 hover:bg-brand-soft/60">
          <span className="w-12 shrink-0 pe-4 text-end text-ink-3 select-none" aria-hidden="true">
            {i + 1}
          </span>
          <code>{line(l)}</code>
        </div>
      ))}
    </pre>
  )
}
function line(l: string): ReactNode {
  if (/^\s*#/.test(l)) return <span className="c">{l}</span>
  const m = /^(\s*-?\s*)([\w.-]+)(:)(.*)$/.exec(l)
  if (!m) return <span className="s">{l || ' '}</span>
  const v = m[4] ?? ''
  return (
    <>
      {m[1]}
      <span className="k">{m[2]}</span>
      {m[3]}
      <span className={/^\s*(\d|true|false)/.test(v) ? 'n' : 's'}>{v}</span>
    </>
  )
}
