import { Search, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { t } from '@/lib/i18n'
import { IconButton } from './button'

const PAUSE_MS = 220

type SearchFieldProps = { label: string; hint?: string; value: string; onSearch: (text: string) => void; className?: string }

/** A search field. What is typed is searched after a short pause; a change of `value` from elsewhere comes back into the field. */
export function SearchField({ label, hint, value, onSearch, className = '' }: SearchFieldProps) {
  const [text, setText] = useState(value)
  const sent = useRef(value)
  useEffect(() => {
    if (value === sent.current) return
    sent.current = value
    setText(value)
  }, [value])
  useEffect(() => {
    if (text.trim() === sent.current) return
    const timer = setTimeout(() => {
      sent.current = text.trim()
      onSearch(text.trim())
    }, PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text, onSearch])
  return (
    <div
      className={`flex min-w-0 items-center gap-2.5 rounded-[14px] border border-field bg-surface px-3.5 focus-within:border-brand focus-within:outline-2 focus-within:outline-offset-2 focus-within:outline-brand ${className}`}
    >
      <Search size={16} className="shrink-0 text-ink-3" aria-hidden="true" />
      <input
        type="search"
        value={text}
        maxLength={200}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && text && setText('')}
        placeholder={hint}
        aria-label={label}
        className="h-11 min-w-0 flex-1 bg-transparent text-[14px] outline-none placeholder:text-ink-3 [&::-webkit-search-cancel-button]:hidden"
      />
      {text ? (
        <IconButton label={t('action.clear')} className="-me-2 size-8" onClick={() => setText('')}>
          <X size={16} aria-hidden="true" />
        </IconButton>
      ) : null}
    </div>
  )
}
