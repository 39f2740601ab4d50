import { useQuery } from '@tanstack/react-query'
import { queries } from '@/api/queries'
import type { UsageGroup } from '@/api/types'
import { type UsageGrouping, usageQueries } from '@/api/usage-queries'
import { Button } from '@/components/button'
import { Select } from '@/components/field'
import { t } from '@/lib/i18n'
import { type FilterName, OUTCOMES, PERIODS, type UsageSearch } from './search'

/** What people may narrow the report to: what their organisation used in the period. */
export function Filters({ search }: { search: UsageSearch }) {
  const models = useGroups(search, 'model')
  const people = useGroups(search, 'person')
  const keys = useGroups(search, 'api_key')
  const { data: team } = useQuery(usageQueries.team())
  // What the others used is not told here, so every model that can be chosen is offered beside.
  const { data: choices } = useQuery({ ...queries.modelChoices(), enabled: search.across })
  const offered = search.across ? (choices?.items ?? []).map((choice) => choice.model).filter((name) => name !== 'auto') : []
  const names = new Set([...models.map((group) => group.key ?? ''), ...offered])
  const any = Object.values(search.chosen).some((value) => value !== undefined)
  return (
    <fieldset aria-label={t('usage.filters')} className="mb-5 flex flex-wrap items-end gap-2.5">
      <Select
        bare
        className="max-sm:flex-1 max-sm:basis-[9rem]"
        label={t('usage.period')}
        value={search.days}
        onChange={search.setDays}
        items={PERIODS.map((days) => [days, t('usage.days', { days: Number(days) })] as const)}
      />
      <Choice name="model" search={search} options={[...names].sort().map((name) => [name, name])} />
      {search.across ? null : (
        <>
          <Choice name="ve" search={search} options={team?.items.map((ve) => [ve.id, ve.persona_name]) ?? []} />
          <Choice name="person" search={search} options={named(people)} />
          <Choice name="key" search={search} options={named(keys)} />
        </>
      )}
      <Choice name="outcome" search={search} options={OUTCOMES.map((outcome) => [outcome, t(`usage.outcome.${outcome}`)])} />
      {any ? (
        <Button
          kind="quiet"
          size="sm"
          className="h-10"
          onClick={() => search.set({ model: undefined, ve: undefined, person: undefined, key: undefined, outcome: undefined })}
        >
          {t('usage.clear')}
        </Button>
      ) : null}
    </fieldset>
  )
}

function useGroups(search: UsageSearch, by: UsageGrouping): UsageGroup[] {
  const { data } = useQuery(usageQueries.groups(search.period, by))
  return data?.groups.filter((group) => group.key !== null) ?? []
}

const named = (groups: UsageGroup[]): [string, string][] => groups.map((group) => [group.key ?? '', group.label ?? t('usage.gone')])

type ChoiceProps = { name: FilterName; search: UsageSearch; options: [string, string][] }
function Choice({ name, search, options }: ChoiceProps) {
  const value = search.chosen[name] ?? ''
  // What the address names stays offered, even when nothing of it was used in this period.
  const missing: [string, string][] = value !== '' && !options.some(([option]) => option === value) ? [[value, value]] : []
  return (
    <Select
      bare
      className="w-[11.5rem] max-sm:w-auto max-sm:flex-1 max-sm:basis-[9rem]"
      label={t(`usage.filter.${name}`)}
      value={value}
      onChange={(next) => search.set({ [name]: next || undefined })}
      items={[['', t(`usage.filter.${name}_all`)], ...options, ...missing]}
    />
  )
}
