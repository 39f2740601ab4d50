import '@/lib/i18n/en/admission'
import { useQuery } from '@tanstack/react-query'
import { peopleQueries } from '@/api/people-queries'
import { ErrorState } from '@/components/error-state'
import { PageHeader } from '@/components/page'
import { CardsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { SettingsForm } from './settings-form'

/** Rules of sign-in for everybody on the node. */
export default function SecurityPage() {
  const { data, error, refetch } = useQuery(peopleQueries.security())
  return (
    <>
      <PageHeader title={t('admission.security.title')}>{t('admission.security.lead')}</PageHeader>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <CardsSkeleton cards={3} />}
      {data ? <SettingsForm key={JSON.stringify(data)} saved={data} /> : null}
    </>
  )
}
