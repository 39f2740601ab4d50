import '@/lib/i18n/en/market'
import '@/lib/i18n/en/work'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { queries } from '@/api/queries'
import { Button } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { EmptyState } from '@/components/page'
import { PageTitle } from '@/components/page-title'
import { CardsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { AgentGrid } from './agent-grid'
import { Departments } from './departments'
import { FilterSheet } from './filter-sheet'
import { filtersOf, isNarrowed, type MarketSearch, sheetCount } from './filters'
import { Hero } from './hero'
import { SearchRow } from './search-row'

const route = getRouteApi('/app/market')

/** Everybody who can be hired, narrowed by what the address says. */
export default function Market() {
  const search = route.useSearch()
  const navigate = useNavigate()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage, isPlaceholderData } = useInfiniteQuery(
    queries.agents(filtersOf(search)),
  )
  const [filtering, setFiltering] = useState(false)
  const show = useCallback(
    (next: MarketSearch) => void navigate({ to: '/market', search: next, replace: true, resetScroll: false }),
    [navigate],
  )
  const first = data?.pages[0]
  const agents = data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      <PageTitle>{t('market.title')}</PageTitle>
      <Hero />
      <SearchRow search={search} onSearch={show} filters={sheetCount(search)} onFilters={() => setFiltering(true)} />
      <Departments search={search} facets={first?.facets} onSearch={show} />
      <p role="status" className="sr-only">
        {first && !isPlaceholderData ? t('market.shown', { count: first.total }) : null}
      </p>
      {error && !data ? <ErrorState error={error} title={t('market.failed')} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <CardsSkeleton cards={6} className="mt-4 sm:grid-cols-2 xl:grid-cols-3 2xl:grid-cols-4" />}
      {first && agents.length === 0 ? (
        <EmptyState
          title={t('market.none_title')}
          action={
            <Button kind="outline" onClick={() => show({})}>
              {t('market.filters_clear')}
            </Button>
          }
        >
          {t('market.none')}
        </EmptyState>
      ) : (
        <AgentGrid agents={agents} feature={!isNarrowed(search)} faded={isPlaceholderData} />
      )}
      {hasNextPage ? (
        <div className="mt-6 text-center">
          <Button kind="outline" onClick={() => void fetchNextPage()} disabled={isFetchingNextPage}>
            {t('action.more')}
          </Button>
        </div>
      ) : null}
      <FilterSheet open={filtering} onClose={() => setFiltering(false)} search={search} list={first} onSearch={show} />
    </>
  )
}
