import { useId } from 'react'
import type { AgentList, FacetCount } from '@/api/types'
import { Button } from '@/components/button'
import { SideSheet } from '@/components/side-sheet'
import { optional, t } from '@/lib/i18n'
import { formatNumber } from '@/lib/i18n/format'
import { type FilterName, type MarketSearch, withFilter } from './filters'

type FilterSheetProps = {
  open: boolean
  onClose: () => void
  search: MarketSearch
  list: AgentList | undefined
  onSearch: (search: MarketSearch) => void
}

/** The filters that the node offers for this list, with how many employees each would leave. */
export function FilterSheet({ open, onClose, search, list, onSearch }: FilterSheetProps) {
  const group = (name: FilterName, legend: string, facets: readonly FacetCount[], label: (value: string) => string) => (
    <Group
      legend={legend}
      facets={facets}
      value={search[name]}
      label={label}
      onChange={(value) => onSearch(withFilter(search, name, value))}
    />
  )
  return (
    <SideSheet open={open} onClose={onClose} title={t('market.filters')}>
      <div className="grid gap-7">
        {group(
          'price_model',
          t('market.filters_price'),
          list?.facets.price_model ?? [],
          (value) => optional(`market.price.${value}`) ?? value,
        )}
        {group('publisher', t('market.filters_publisher'), list?.facets.publisher ?? [], (value) => value)}
      </div>
      <div className="mt-auto flex flex-wrap gap-2.5 pt-7">
        <Button kind="outline" onClick={() => onSearch({})}>
          {t('market.filters_clear')}
        </Button>
        <Button className="flex-1" onClick={onClose}>
          {t('market.filters_show', { count: list?.total ?? 0 })}
        </Button>
      </div>
    </SideSheet>
  )
}

type GroupProps = {
  legend: string
  facets: readonly FacetCount[]
  value: string | undefined
  label: (value: string) => string
  onChange: (value: string | undefined) => void
}
function Group({ legend, facets, value, label, onChange }: GroupProps) {
  const name = useId()
  // A chosen value that leaves nobody is still listed, so that it can be taken back.
  const missing = value !== undefined && !facets.some((facet) => facet.value === value) ? [{ value, count: 0 }] : []
  const row = (own: string | undefined, text: string, count?: number) => (
    <label
      key={own ?? 'any'}
      className="flex min-h-11 cursor-pointer items-center gap-3 rounded-[13px] px-3 text-[14.5px] hover:bg-surface-2 has-checked:bg-brand-soft has-checked:text-brand has-focus-visible:outline-2 has-focus-visible:outline-brand"
    >
      <input
        type="radio"
        name={name}
        checked={value === own}
        onChange={() => onChange(own)}
        className="size-[18px] accent-[var(--brand-fill)] outline-none"
      />
      <span className="min-w-0 flex-1">{text}</span>
      {count === undefined ? null : <span className="font-mono text-[12.5px] text-ink-3 tabular-nums">{formatNumber(count)}</span>}
    </label>
  )
  return (
    <fieldset>
      <legend className="mb-1.5 px-3 text-[13.5px] font-medium text-ink-2">{legend}</legend>
      {row(undefined, t('market.filters_any'))}
      {[...facets, ...missing].map((facet) => row(facet.value, label(facet.value), facet.count))}
    </fieldset>
  )
}
