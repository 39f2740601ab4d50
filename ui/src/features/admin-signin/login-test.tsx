import { useMutation, useQuery } from '@tanstack/react-query'
import { ExternalLink, LoaderCircle, LogIn } from 'lucide-react'
import { useEffect } from 'react'
import { api } from '@/api/client'
import { type IdentityProvider, identityProviderQueries, type LoginTestResult } from '@/api/identity-provider-queries'
import { announce } from '@/components/announcer'
import { Button } from '@/components/button'
import { ErrorState, FormError } from '@/components/error-state'
import { useOrganisations } from '@/components/group-rules'
import { useRoleNames } from '@/components/role-names'
import { TestSteps } from '@/components/test-steps'
import { t } from '@/lib/i18n'

type LoginTestProps = { provider: Pick<IdentityProvider, 'id' | 'name'> }

/** A login in another tab that signs nobody in: what came back, and what it would give. */
export function LoginTestPanel({ provider }: LoginTestProps) {
  const start = useMutation({
    mutationFn: () => api.post('/api/admin/identity-providers/{id}/test', { path: { id: provider.id } }),
    // The other tab gets no handle of this one. Where a browser holds it back, the link below opens it.
    onSuccess: ({ login_path }) => void window.open(login_path, '_blank', 'noopener'),
  })
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
      <Button kind="outline" className="justify-self-start" disabled={start.isPending} onClick={() => start.mutate()}>
        <LogIn size={17} aria-hidden="true" />
        {t(start.data ? 'idp.test_again' : 'idp.test')}
      </Button>
      <FormError error={start.error} />
      {start.data ? <Result key={start.submittedAt} provider={provider} path={start.data.login_path} test={start.data.test} /> : null}
    </div>
  )
}

function Result({ provider, path, test }: LoginTestProps & { path: string; test: string }) {
  const { data, error, refetch } = useQuery(identityProviderQueries.test(provider.id, test))
  const done = data?.state === 'done'
  const ok = done && data.steps.every((step) => step.state !== 'failed')
  useEffect(() => {
    if (done) announce(t(ok ? 'signins.test_passed' : 'signins.test_failed'))
  }, [done, ok])
  if (error && !data) return <ErrorState error={error} onRetry={() => void refetch()} />
  return (
    <div className="rounded-[18px] border border-line bg-surface-2/50 p-4 sm:p-5">
      {done ? (
        <>
          <p className={`mb-4 text-[15px] font-semibold ${ok ? 'text-success' : 'text-danger'}`}>
            {t(ok ? 'signins.test_passed' : 'signins.test_failed')}
          </p>
          <TestSteps steps={data.steps} label={t('signins.test_steps', { name: provider.name })} />
          <Found result={data} />
        </>
      ) : (
        <div role="status" className="grid gap-3 text-[14px]">
          <p className="flex items-center gap-2.5">
            <LoaderCircle size={17} className="animate-spin text-brand" aria-hidden="true" />
            {t('idp.test_waiting')}
          </p>
          <a
            href={path}
            target="_blank"
            rel="noopener"
            className="inline-flex w-fit items-center gap-1.5 font-medium text-brand underline underline-offset-4"
          >
            {t('idp.test_open')}
            <ExternalLink size={14} aria-hidden="true" />
          </a>
        </div>
      )}
    </div>
  )
}

/** What the identity provider said about the person, and the roles that would follow. Who was not heard of gets nothing to read. */
function Found({ result }: { result: LoginTestResult }) {
  const { titleOf } = useRoleNames()
  const { nameOf } = useOrganisations()
  const attributes = Object.entries(result.attributes)
  if (attributes.length === 0) return null
  return (
    <>
      <div className="mt-5 border-t border-line pt-4">
        <p className="mb-2 text-[14px] font-semibold">{t('idp.test_attributes')}</p>
        <dl className="grid gap-x-4 gap-y-1.5 text-[13.5px] sm:grid-cols-[minmax(120px,auto)_minmax(0,1fr)]">
          {attributes.map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="font-mono text-[12.5px] break-all text-ink-2">{name}</dt>
              <dd className="[overflow-wrap:anywhere] max-sm:mb-1.5">{value.join(', ')}</dd>
            </div>
          ))}
        </dl>
      </div>
      <div className="mt-4 border-t border-line pt-4 text-[14px]">
        <p className="mb-1 font-semibold">{t('idp.test_gets')}</p>
        {result.would_grant.length === 0 ? <p className="text-ink-2">{t('idp.test_gets_nothing')}</p> : null}
        <ul>
          {result.would_grant.map((grant) => (
            <li key={`${grant.organisation}/${grant.role}`}>
              {t('dry_run.grant', { role: titleOf(grant.role), organisation: nameOf(grant.organisation) })}
            </li>
          ))}
        </ul>
      </div>
    </>
  )
}
