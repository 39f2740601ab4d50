import '@/lib/i18n/en/chips'
import { Plus, X } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react'
import { t } from '@/lib/i18n'

type ChipsFieldProps = {
  label: string
  hint?: ReactNode
  placeholder?: string
  values: readonly string[]
  onChange: (values: string[]) => void
  /** What a typed text stands for; `null` refuses it. */
  parse: (text: string) => string | null
  /** Said when `parse` refuses. */
  refusal: (text: string) => string
  error?: string
}

/** Several short values, each a chip. Enter, a comma, a space or leaving the field adds; Backspace in the empty field takes the last one back. */
export function ChipsField({ label, hint, placeholder, values, onChange, parse, refusal, error }: ChipsFieldProps) {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [text, setText] = useState('')
  const [wrong, setWrong] = useState<string | null>(null)
  const take = (typed: string) => {
    const parts = typed.split(/[\s,;]+/).filter(Boolean)
    const bad = parts.filter((part) => parse(part) === null)
    const fresh = parts.map(parse).filter((value) => value !== null)
    if (fresh.length > 0) onChange([...new Set([...values, ...fresh])])
    setText(bad.join(' '))
    setWrong(bad[0] === undefined ? null : refusal(bad[0]))
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter') {
      event.preventDefault()
      take(text)
    } else if (event.key === 'Backspace' && text === '' && values.length > 0) onChange(values.slice(0, -1))
  }
  const type = (typed: string) => {
    setWrong(null)
    if (/[\s,;]/.test(typed)) take(typed)
    else setText(typed)
  }
  const remove = (value: string) => {
    onChange(values.filter((item) => item !== value))
    input.current?.focus()
  }
  const problem = wrong ?? error
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block text-[13.5px] font-medium">
        {label}
      </label>
      <div
        className={`flex min-h-12 flex-wrap items-center gap-2 rounded-[14px] border bg-surface px-2.5 py-1.5 transition-colors focus-within:border-brand focus-within:outline-2 focus-within:outline-offset-2 focus-within:outline-brand ${problem ? 'border-danger' : 'border-field'}`}
      >
        <ul aria-label={label} className="contents">
          {values.map((value) => (
            <li
              key={value}
              className="rise inline-flex max-w-full items-center gap-1 rounded-full bg-brand-soft py-0.5 ps-3 pe-1 text-[13.5px] font-medium text-brand"
            >
              <span className="truncate">{value}</span>
              <button
                type="button"
                aria-label={t('chips.remove', { value })}
                onClick={() => remove(value)}
                className="grid size-6 shrink-0 place-items-center rounded-full hover:bg-brand-fill hover:text-white"
              >
                <X size={13} strokeWidth={2.6} aria-hidden="true" />
              </button>
            </li>
          ))}
        </ul>
        <input
          ref={input}
          id={id}
          value={text}
          placeholder={values.length === 0 ? placeholder : undefined}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={2_000}
          aria-invalid={problem ? true : undefined}
          aria-describedby={`${id}-h`}
          onChange={(event) => type(event.target.value)}
          onKeyDown={onKeyDown}
          onBlur={() => text && take(text)}
          className="h-8 min-w-[120px] flex-1 bg-transparent px-1 text-[15px] outline-none placeholder:text-ink-3"
        />
        {text ? (
          <button
            type="button"
            aria-label={t('chips.add', { value: text })}
            onClick={() => take(text)}
            className="grid size-8 shrink-0 place-items-center rounded-full text-brand hover:bg-brand-soft"
          >
            <Plus size={16} strokeWidth={2.4} aria-hidden="true" />
          </button>
        ) : null}
      </div>
      <div id={`${id}-h`} className={`mt-1.5 text-[13px] ${problem ? 'text-danger' : 'text-ink-3'}`}>
        {problem ?? hint}
      </div>
    </div>
  )
}
