import { type Ref, useId } from 'react'
import { sentence } from '@/lib/sentence'

export const CODE_LENGTH = 6
const digitsIn = (text: string) => text.replaceAll(/\D/g, '').slice(0, CODE_LENGTH)

type CodeFieldProps = {
  label: string
  hint?: string
  error?: string
  value: string
  onChange: (code: string) => void
  /** Called with the last digit, so that nobody has to press a button. */
  onComplete: (code: string) => void
  autoFocus?: boolean
  /** While a code is checked: the field keeps the focus and takes nothing. */
  busy?: boolean
  ref?: Ref<HTMLInputElement>
}

/** A code of six digits. It looks like six boxes and is one field: pasting, password managers and screen readers work as they do everywhere. */
export function CodeField({ label, hint, error, value, onChange, onComplete, autoFocus, busy = false, ref }: CodeFieldProps) {
  const id = useId()
  const take = (text: string) => {
    const code = digitsIn(text)
    onChange(code)
    if (code.length === CODE_LENGTH && code !== value) onComplete(code)
  }
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block text-[13.5px] font-medium">
        {label}
      </label>
      <div className={`group relative flex gap-2 ${busy ? 'opacity-60' : ''}`} dir="ltr">
        {Array.from({ length: CODE_LENGTH }, (_, place) => (
          <Cell key={place} digit={value[place]} at={place === Math.min(value.length, CODE_LENGTH - 1)} wrong={Boolean(error)} />
        ))}
        <input
          ref={ref}
          id={id}
          inputMode="numeric"
          autoComplete="one-time-code"
          spellCheck={false}
          // biome-ignore lint/a11y/noAutofocus: the code is all this step asks for
          autoFocus={autoFocus}
          readOnly={busy}
          value={value}
          aria-invalid={error ? true : undefined}
          aria-describedby={hint || error ? `${id}-h` : undefined}
          onChange={(event) => take(event.target.value)}
          className="absolute inset-0 w-full cursor-text opacity-0"
        />
      </div>
      {hint || error ? (
        <p id={`${id}-h`} className={`mt-1.5 text-[13px] ${error ? 'text-danger' : 'text-ink-3'}`}>
          {error ? sentence(error) : hint}
        </p>
      ) : null}
    </div>
  )
}

function Cell({ digit, at, wrong }: { digit: string | undefined; at: boolean; wrong: boolean }) {
  const active = at ? 'group-focus-within:border-brand group-focus-within:outline-2 group-focus-within:outline-offset-2' : ''
  return (
    <span
      aria-hidden="true"
      className={`grid h-14 min-w-0 flex-1 place-items-center rounded-[14px] border bg-surface font-mono text-[22px] font-medium tabular-nums outline-brand transition-colors [&:nth-child(4)]:ms-2 ${wrong ? 'border-danger' : digit ? 'border-brand' : 'border-field'} ${active}`}
    >
      {digit}
    </span>
  )
}
