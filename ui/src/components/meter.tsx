/** One part of a stacked bar; `tone` is a background class. */
export type Part = { label: string; value: number; tone: string }
type StackBarProps = {
  label: string
  parts: Part[]
  max: number
  rest: string
  format: (value: number) => string
  /** What would be added: drawn behind the parts as far as there is room, and not part of the sum. `null` keeps its line free. */
  preview?: Part | null
}

/** A quantity split among its holders, with direct labels; `rest` names what nobody of them holds. */
export function StackBar({ label, parts, max, rest, format, preview }: StackBarProps) {
  const left = Math.max(0, max - parts.reduce((sum, part) => sum + part.value, 0))
  const legend = [...parts, { label: rest, value: left, tone: 'border border-field bg-surface-2' }]
  const sentence = [...legend, ...(preview ? [preview] : [])].map((part) => `${part.label} ${format(part.value)}`).join(', ')
  const drawn = preview ? [...parts, { ...preview, value: Math.min(preview.value, left) }] : parts
  return (
    <div>
      <div
        role="img"
        aria-label={`${label}: ${sentence}`}
        className="flex h-11 gap-[3px] overflow-hidden rounded-[14px] border border-line bg-surface-2 p-[3px]"
      >
        {drawn.map((part, index) => (
          <div
            key={index}
            className={`grow min-w-[5px] rounded-[10px] ${part.tone}`}
            style={{ flex: `0 0 calc(${(part.value / max) * 100}% - 3px)`, '--i': index * 3 }}
          />
        ))}
      </div>
      <ul className="mt-3 flex flex-wrap gap-x-6 gap-y-2 text-[13px]">
        {legend.map((part, index) => (
          <Named key={index} part={part} format={format} />
        ))}
      </ul>
      {/* A line of its own that is always there: what comes and goes must not move the button under the pointer. */}
      {preview === undefined ? null : (
        <ul className="mt-2 h-5 overflow-hidden text-[13px] whitespace-nowrap">
          {preview ? <Named part={preview} format={format} /> : null}
        </ul>
      )}
    </div>
  )
}

function Named({ part, format }: { part: Part; format: (value: number) => string }) {
  return (
    <li className="flex items-center gap-2">
      <span className={`size-3 shrink-0 rounded-[4px] ${part.tone}`} aria-hidden="true" />
      <span className="truncate text-ink-2">{part.label}</span>
      <b className="font-mono text-[12.5px] font-medium tabular-nums">{format(part.value)}</b>
    </li>
  )
}
