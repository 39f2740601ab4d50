import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { isApiError } from '@/api/error'
import { ErrorState } from '@/components/error-state'
import { EmptyState, PageHeader } from '@/components/page'
import { PageSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { BackToSignIn } from './frame'

/** A page about one thing: its outline while it loads, what went wrong, or the thing. */
export function Whole<Thing>({ query, children }: { query: UseQueryResult<Thing>; children: (thing: Thing) => ReactNode }) {
  const { data, error, refetch } = query
  if (data !== undefined) return children(data)
  if (!error) return <PageSkeleton />
  const missing = isApiError(error) && error.status === 404
  return (
    <>
      <BackToSignIn />
      <PageHeader title={t('signins.title')} />
      {missing ? <EmptyState title={t('error.missing_title')} /> : <ErrorState error={error} onRetry={() => void refetch()} />}
    </>
  )
}
