import '@/lib/i18n/en/playground'
import '@/lib/i18n/en/work'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { useCan } from '@/api/session'
import { PageHeader } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { Tabs } from '@/components/tabs'
import { t } from '@/lib/i18n'
import { Compare } from './compare'
import { Runs } from './runs'

const Results = lazy(() => import('./results'))

const route = getRouteApi('/app/playground')

/** Comparing models, the runs so far, and what people thought of all answers. */
export default function Playground() {
  const search = route.useSearch()
  const { tab = 'compare' } = search
  const mayRead = useCan('ratings.read')
  const navigate = useNavigate()
  const show = (next: string) => {
    const { tab: _, ...rest } = search
    void navigate({ to: '/playground', search: next === 'compare' ? rest : { ...rest, tab: next }, replace: true, resetScroll: false })
  }
  return (
    <>
      <PageHeader title={t('playground.title')}>{t('playground.lead')}</PageHeader>
      <Tabs
        label={t('playground.tabs')}
        value={tab}
        onChange={show}
        items={[
          { id: 'compare', label: t('playground.tab.compare'), body: <Compare /> },
          { id: 'runs', label: t('playground.tab.runs'), body: <Runs /> },
          ...(mayRead
            ? [
                {
                  id: 'results',
                  label: t('playground.tab.results'),
                  body: (
                    <Suspense fallback={<RowsSkeleton rows={4} />}>
                      <Results />
                    </Suspense>
                  ),
                },
              ]
            : []),
        ]}
      />
    </>
  )
}
