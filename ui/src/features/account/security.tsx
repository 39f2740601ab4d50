import { useQuery } from '@tanstack/react-query'
import { KeyRound, Link2 } from 'lucide-react'
import { type AccountSecurity, accountQueries } from '@/api/account-queries'
import { ErrorState } from '@/components/error-state'
import { Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { Passkeys } from './passkeys'
import { PasswordPanel } from './password'
import { SecondFactorPanel } from './second-factor'
import { Sessions } from './sessions'

/** Everything that guards the account: password, second step, passkeys, sessions, and who else vouches for it. */
export function Security() {
  const { data, error, refetch } = useQuery(accountQueries.security())
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-2">
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
        {data?.has_password === false ? <NoPassword sources={data.sources} /> : <PasswordPanel />}
        <Sessions />
      </div>
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
        {error ? (
          <Panel>
            <ErrorState error={error} onRetry={() => void refetch()} />
          </Panel>
        ) : null}
        {data || error ? null : (
          <Panel title={t('security.second.title')}>
            <RowsSkeleton rows={2} />
          </Panel>
        )}
        {data ? (
          <>
            {data.has_password ? <SecondFactorPanel security={data} /> : null}
            {data.has_password ? <Passkeys security={data} /> : null}
            {data.sources.length > 0 ? <Sources sources={data.sources} /> : null}
          </>
        ) : null}
      </div>
    </div>
  )
}

type SourcesProps = { sources: AccountSecurity['sources'] }

const NoPassword = ({ sources }: SourcesProps) => (
  <Panel title={t('security.no_password.title')} icon={KeyRound}>
    <p className="text-[14px] text-ink-2">{t('security.no_password.text', { names: sources.map((source) => source.name).join(', ') })}</p>
  </Panel>
)

function Sources({ sources }: SourcesProps) {
  return (
    <Panel title={t('security.sources.title')} icon={Link2} i={3}>
      <p className="-mt-2 mb-4 text-[14px] text-ink-2">{t('security.sources.lead')}</p>
      <ul className="grid gap-2.5">
        {sources.map((source) => (
          <li key={source.source} className="rounded-[16px] border border-line p-3.5">
            <span className="block text-[14.5px] font-medium">{source.name}</span>
            <span className="block text-[13px] text-ink-2">{t('security.sources.manages')}</span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}
