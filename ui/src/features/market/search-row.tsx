import { Search, SlidersHorizontal, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { Button, KeyHint } from '@/components/button'
import { t } from '@/lib/i18n'
import { preference } from '@/lib/preferences'
import { type MarketSearch, withFilter } from './filters'

const PAUSE_MS = 220

type SearchRowProps = { search: MarketSearch; onSearch: (search: MarketSearch) => void; filters: number; onFilters: () => void }

/** The heading of the list, its search and the way to the filters. */
export function SearchRow({ search, onSearch, filters, onFilters }: SearchRowProps) {
  const [text, setText] = useSearchText(search, onSearch)
  const input = useRef<HTMLInputElement>(null)
  useSlash(input)
  return (
    <div id="grid" className="mt-7 flex flex-wrap items-center gap-3">
      <h2 className="me-auto font-display text-[24px] font-semibold tracking-tight">{t('market.available')}</h2>
      <div className="flex min-w-0 flex-1 basis-[220px] items-center gap-2.5 rounded-[14px] border border-field bg-surface px-3.5 focus-within:border-brand focus-within:outline-2 focus-within:outline-offset-2 focus-within:outline-brand sm:max-w-[320px]">
        <Search size={16} className="shrink-0 text-ink-3" aria-hidden="true" />
        <input
          ref={input}
          type="search"
          value={text}
          maxLength={200}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => event.key === 'Escape' && setText('')}
          placeholder={t('market.search_hint')}
          aria-label={t('market.search')}
          className="h-11 min-w-0 flex-1 bg-transparent text-[14px] outline-none placeholder:text-ink-3 [&::-webkit-search-cancel-button]:hidden"
        />
        {text ? (
          <button
            type="button"
            aria-label={t('market.search_clear')}
            className="-me-2 grid size-8 place-items-center text-ink-3 hover:text-ink"
            onClick={() => setText('')}
          >
            <X size={16} />
          </button>
        ) : (
          <KeyHint k="/" className="max-sm:hidden" />
        )}
      </div>
      <Button kind="outline" onClick={onFilters}>
        <SlidersHorizontal size={16} aria-hidden="true" />
        {t('market.filters')}
        {filters > 0 ? (
          <span className="grid size-5 place-items-center rounded-full bg-brand-fill text-[12px] font-semibold text-white">
            <span aria-hidden="true">{filters}</span>
            <span className="sr-only">{t('market.filters_on', { count: filters })}</span>
          </span>
        ) : null}
      </Button>
    </div>
  )
}

/** What is typed goes to the address after a short pause; a change of the address from elsewhere comes back into the field. */
function useSearchText(search: MarketSearch, onSearch: (search: MarketSearch) => void): [text: string, setText: (text: string) => void] {
  const [text, setText] = useState(search.q ?? '')
  const sent = useRef(search.q ?? '')
  useEffect(() => {
    if ((search.q ?? '') === sent.current) return
    sent.current = search.q ?? ''
    setText(sent.current)
  }, [search.q])
  useEffect(() => {
    if (text.trim() === sent.current) return
    const timer = setTimeout(() => {
      sent.current = text.trim()
      onSearch(withFilter(search, 'q', text.trim()))
    }, PAUSE_MS)
    return () => clearTimeout(timer)
  }, [text, search, onSearch])
  return [text, setText]
}

/** The slash key leads to the search, unless somebody is typing or single-letter shortcuts are off. */
function useSlash(input: { readonly current: HTMLInputElement | null }) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.metaKey || event.ctrlKey || event.altKey || preference('shortcuts') === 'off') return
      if (event.target instanceof Element && event.target.closest('input, textarea, select, [contenteditable], dialog')) return
      event.preventDefault()
      input.current?.focus()
      input.current?.select()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [input])
}
