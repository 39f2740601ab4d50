import '@/lib/i18n/en/grants'
import { FileUp } from 'lucide-react'
import { type DragEvent, useId, useRef, useState } from 'react'
import { t } from '@/lib/i18n'
import { Textarea } from './field'

/** Certificates and metadata are far smaller; anything larger is the wrong file. */
const BYTES_MAX = 1_000_000

type TextDropProps = {
  label: string
  hint?: string
  value: string
  onChange: (text: string) => void
  accept: string
  rows?: number
  placeholder?: string
}

/** Text that is pasted, or read from a file that is chosen or dropped. */
export function TextDrop({ label, hint, value, onChange, accept, rows = 6, placeholder }: TextDropProps) {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [over, setOver] = useState(false)
  const [tooLarge, setTooLarge] = useState(false)
  const take = async (file: File | undefined) => {
    if (!file) return
    setTooLarge(file.size > BYTES_MAX)
    if (file.size <= BYTES_MAX) onChange(await file.text())
    if (input.current) input.current.value = ''
  }
  const onDrop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    void take(event.dataTransfer.files[0])
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut; the file input below does the same by keyboard
    <div
      onDragOver={(event) => {
        event.preventDefault()
        setOver(true)
      }}
      onDragLeave={() => setOver(false)}
      onDrop={onDrop}
      className={`rounded-[16px] transition-shadow ${over ? 'shadow-[0_0_0_2px_var(--brand)]' : ''}`}
    >
      <Textarea
        mono
        label={label}
        hint={hint}
        rows={rows}
        spellCheck={false}
        placeholder={placeholder}
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
      <label
        htmlFor={id}
        className="mt-2 inline-flex h-9 cursor-pointer items-center gap-2 rounded-[11px] border border-field bg-surface/70 px-3.5 text-[13.5px] font-semibold transition-colors hover:border-brand hover:text-brand has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-brand"
      >
        <FileUp size={15} aria-hidden="true" />
        {t('grants.choose_file')}
        <input
          ref={input}
          id={id}
          type="file"
          accept={accept}
          aria-label={t('grants.file_of', { what: label })}
          className="sr-only"
          onChange={(event) => void take(event.target.files?.[0])}
        />
      </label>
      {tooLarge ? (
        <p role="alert" className="mt-1.5 text-[13px] text-danger">
          {t('grants.file_too_large')}
        </p>
      ) : null}
    </div>
  )
}
