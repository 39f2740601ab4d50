import { ChevronDown, type LucideIcon } from 'lucide-react'
import { type ComponentProps, type ReactNode, useId } from 'react'
import { sentence } from '@/lib/sentence'

const box =
  'flex items-center gap-2.5 rounded-[14px] border border-field bg-surface px-3.5 transition-colors focus-within:border-brand focus-within:outline-2 focus-within:outline-offset-2 focus-within:outline-brand'
type P = { label: string; hint?: ReactNode; error?: string; icon?: LucideIcon; end?: ReactNode }

/** Label, input, hint and error wired together. */
export function Field({ label, hint, error, icon: I, end, className = '', ...p }: P & ComponentProps<'input'>) {
  const id = useId()
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1.5 block text-[13.5px] font-medium">
        {label}
      </label>
      <div className={`${box} h-12 ${error ? 'border-danger' : ''} ${p.readOnly ? 'border-line bg-surface-2 text-ink-2' : ''}`}>
        {I ? <I size={17} className="shrink-0 text-ink-3" aria-hidden="true" /> : null}
        <input
          id={id}
          aria-describedby={hint || error ? `${id}-h` : undefined}
          aria-invalid={error ? true : undefined}
          className="h-full min-w-0 flex-1 bg-transparent text-[15px] outline-none placeholder:text-ink-3"
          {...p}
        />
        {end}
      </div>
      {hint || error ? (
        <div id={`${id}-h`} className={`mt-1.5 text-[13px] ${error ? 'text-danger' : 'text-ink-3'}`}>
          {error ? sentence(error) : hint}
        </div>
      ) : null}
    </div>
  )
}

export function Textarea({
  label,
  hint,
  mono,
  className = '',
  ...p
}: { label: string; hint?: ReactNode; mono?: boolean } & ComponentProps<'textarea'>) {
  const id = useId()
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1.5 block text-[13.5px] font-medium">
        {label}
      </label>
      <textarea
        id={id}
        className={`block w-full rounded-[14px] border border-field bg-surface px-3.5 py-3 text-[14px] outline-none placeholder:text-ink-3 focus:border-brand ${mono ? 'font-mono text-[12.5px]' : ''}`}
        {...p}
      />
      {hint ? <p className="mt-1.5 text-[13px] text-ink-3">{hint}</p> : null}
    </div>
  )
}

type SelectProps<T extends string> = {
  label: string
  hint?: ReactNode
  value: T
  onChange: (value: T) => void
  /** Value and words; a third part that is true cannot be chosen. */
  items: readonly (readonly [T, string, boolean?])[]
  className?: string
  disabled?: boolean
  /** The label is for screen readers only, where the surroundings already say it. */
  bare?: boolean
}
/** A native select: the platform's own list on phones, type-ahead for free. */
export function Select<T extends string>({ label, hint, value, onChange, items, className = '', disabled, bare = false }: SelectProps<T>) {
  const id = useId()
  return (
    <div className={className}>
      <label htmlFor={id} className={bare ? 'sr-only' : 'mb-1.5 block text-[13.5px] font-medium'}>
        {label}
      </label>
      <div className={`${box} relative ${bare ? 'h-10 text-[14px]' : 'h-12 text-[15px]'} ${disabled ? 'opacity-60' : ''}`}>
        <select
          id={id}
          value={value}
          disabled={disabled}
          aria-describedby={hint ? `${id}-h` : undefined}
          onChange={(event) => {
            const next = items.find(([candidate]) => candidate === event.target.value)
            if (next) onChange(next[0])
          }}
          className="h-full w-full appearance-none bg-transparent pe-6 outline-none"
        >
          {items.map(([item, text, closed]) => (
            <option key={item} value={item} disabled={closed}>
              {text}
            </option>
          ))}
        </select>
        <ChevronDown size={16} className="pointer-events-none absolute end-3.5 text-ink-3" aria-hidden="true" />
      </div>
      {hint ? (
        <div id={`${id}-h`} className="mt-1.5 text-[13px] text-ink-3">
          {hint}
        </div>
      ) : null}
    </div>
  )
}

type SwitchProps = { label: string; note?: string; checked: boolean; onChange: (checked: boolean) => void; disabled?: boolean }
/** On or off, at once, without a Save. */
export function Switch({ label, note, checked, onChange, disabled = false }: SwitchProps) {
  const id = useId()
  return (
    <div className="flex items-center justify-between gap-4 text-[14.5px]">
      <span>
        <span id={id} className="font-medium">
          {label}
        </span>
        {note ? (
          <span id={`${id}-note`} className="block text-[13px] text-ink-3">
            {note}
          </span>
        ) : null}
      </span>
      <button
        type="button"
        role="switch"
        aria-checked={checked}
        aria-labelledby={id}
        aria-describedby={note ? `${id}-note` : undefined}
        disabled={disabled}
        onClick={() => onChange(!checked)}
        className={`flex h-6 w-10.5 shrink-0 rounded-full border p-[2px] transition-colors disabled:opacity-55 ${checked ? 'border-brand-fill bg-brand-fill' : 'border-field bg-surface-2'}`}
      >
        <span
          className={`size-[18px] rounded-full transition-transform duration-200 ${checked ? 'translate-x-[18px] bg-white rtl:-translate-x-[18px]' : 'bg-field'}`}
        />
      </button>
    </div>
  )
}

/** One-of-few choice; looks like a pill row, behaves like a group of pressed buttons. */
export function Segmented<T extends string>({
  label,
  value,
  onChange,
  items,
  className = '',
}: {
  label: string
  value: T
  onChange: (v: T) => void
  items: readonly (readonly [T, ReactNode])[]
  className?: string
}) {
  return (
    <fieldset aria-label={label} className={`inline-flex flex-wrap gap-1 rounded-[14px] border border-line bg-surface-2 p-1 ${className}`}>
      {items.map(([v, c]) => (
        <button
          key={v}
          type="button"
          aria-pressed={v === value}
          onClick={() => onChange(v)}
          className={`flex h-9 flex-1 items-center justify-center gap-2 rounded-[10px] px-3.5 text-[13.5px] font-medium whitespace-nowrap transition-colors ${v === value ? 'bg-surface text-brand shadow-[var(--sh-2)]' : 'text-ink-2 hover:text-ink'}`}
        >
          {c}
        </button>
      ))}
    </fieldset>
  )
}

/** Toggle chip used for tools, days, departments. */
export function Chip({ on, children, onClick }: { on: boolean; children: ReactNode; onClick: () => void }) {
  return (
    <button
      type="button"
      aria-pressed={on}
      onClick={onClick}
      className={`inline-flex h-10 items-center gap-2 rounded-full border px-4 text-[14px] font-medium transition-colors ${on ? 'border-brand-fill bg-brand-fill text-white' : 'border-field text-ink-2 hover:border-brand hover:text-brand'}`}
    >
      {children}
    </button>
  )
}
