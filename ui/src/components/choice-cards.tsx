import type { LucideIcon } from 'lucide-react'
import { useId } from 'react'

type Choice<T extends string> = { value: T; title: string; note: string; icon?: LucideIcon }
type ChoiceCardsProps<T extends string> = {
  label: string
  value: T
  onChange: (value: T) => void
  items: readonly Choice<T>[]
  className?: string
}

/** One of few, each with what it means. Radio buttons in the look of cards. */
export function ChoiceCards<T extends string>({ label, value, onChange, items, className = '' }: ChoiceCardsProps<T>) {
  const name = useId()
  return (
    <fieldset className={className}>
      <legend className="mb-1.5 text-[13.5px] font-medium">{label}</legend>
      <div className="grid gap-2.5">
        {items.map(({ value: own, title, note, icon: Icon }) => (
          <label
            key={own}
            className={`flex cursor-pointer items-center gap-3.5 rounded-[16px] border-[1.5px] p-3.5 transition-colors has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-brand ${own === value ? 'border-brand bg-brand-soft' : 'border-field hover:border-brand'}`}
          >
            <input type="radio" name={name} checked={own === value} onChange={() => onChange(own)} className="sr-only" />
            {Icon ? (
              <span
                className={`grid size-10 shrink-0 place-items-center rounded-[13px] ${own === value ? 'bg-brand-fill text-white' : 'bg-surface-2 text-ink-2'}`}
              >
                <Icon size={18} aria-hidden="true" />
              </span>
            ) : null}
            <span className="min-w-0">
              <span className="block text-[14.5px] font-semibold">{title}</span>
              <span className="block text-[13px] text-ink-2">{note}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}

type CheckRow<T extends string> = { value: T; title: string; note?: string }
type CheckListProps<T extends string> = {
  label: string
  values: readonly T[]
  onChange: (values: T[]) => void
  items: readonly CheckRow<T>[]
}

/** Any of several, each with what it means. */
export function CheckList<T extends string>({ label, values, onChange, items }: CheckListProps<T>) {
  const toggle = (value: T) => onChange(values.includes(value) ? values.filter((other) => other !== value) : [...values, value])
  return (
    <fieldset>
      <legend className="mb-1 text-[13.5px] font-medium">{label}</legend>
      <div className="grid">
        {items.map(({ value, title, note }) => (
          <label
            key={value}
            className="-mx-2 flex min-h-11 cursor-pointer items-start gap-3 rounded-[13px] px-2 py-2 text-[14.5px] hover:bg-surface-2 has-focus-visible:outline-2 has-focus-visible:outline-brand"
          >
            <input
              type="checkbox"
              checked={values.includes(value)}
              onChange={() => toggle(value)}
              className="mt-0.5 size-[18px] shrink-0 accent-[var(--brand-fill)] outline-none"
            />
            <span className="min-w-0 flex-1">
              {title}
              {note ? <span className="block text-[13px] text-ink-2">{note}</span> : null}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
