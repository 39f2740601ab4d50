import '@/lib/i18n/en/admission'
import '@/lib/i18n/en/chips'
import { useQuery } from '@tanstack/react-query'
import { peopleQueries } from '@/api/people-queries'
import { ErrorState } from '@/components/error-state'
import { PageHeader, Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { Rules } from './rules'
import { WaitingList } from './waiting-list'

/** Who may come by themselves, and who waits to be let in. */
export default function SignUpRulesPage() {
  const { data, error, refetch } = useQuery(peopleQueries.signUpRules())
  return (
    <>
      <PageHeader title={t('admission.signup.title')}>{t('admission.signup.lead')}</PageHeader>
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-2">
        {error && !data ? (
          <Panel>
            <ErrorState error={error} onRetry={() => void refetch()} />
          </Panel>
        ) : null}
        {data || error ? null : (
          <Panel title={t('admission.signup.rules')}>
            <RowsSkeleton rows={4} />
          </Panel>
        )}
        {data ? <Rules key={JSON.stringify(data)} saved={data} /> : null}
        <WaitingList />
      </div>
    </>
  )
}
