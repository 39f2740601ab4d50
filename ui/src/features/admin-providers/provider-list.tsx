import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { providerQueries } from '@/api/provider-queries'
import { Button } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { EmptyState } from '@/components/page'
import { CardsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { ProviderCard } from './provider-card'
import { AddProvider } from './provider-form'

/** Who the node could ask outside, if the switch lets it. */
export function ProviderList() {
  const { data, error, refetch } = useQuery(providerQueries.providers())
  const [adding, setAdding] = useState(false)
  const add = (
    <Button kind={data?.items.length ? 'outline' : 'brand'} onClick={() => setAdding(true)}>
      <Plus size={17} aria-hidden="true" />
      {t('provider.add')}
    </Button>
  )
  return (
    <>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <CardsSkeleton cards={2} className="lg:grid-cols-2" />}
      {data?.items.length === 0 ? (
        <div className="panel">
          <EmptyState title={t('provider.empty_title')} action={add}>
            {t('provider.empty')}
          </EmptyState>
        </div>
      ) : null}
      {data && data.items.length > 0 ? (
        <>
          <ul className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 lg:grid-cols-2">
            {data.items.map((provider, index) => (
              <ProviderCard key={provider.id} provider={provider} i={index} />
            ))}
          </ul>
          <div className="mt-5">{add}</div>
        </>
      ) : null}
      {adding ? <AddProvider onClose={() => setAdding(false)} /> : null}
    </>
  )
}
