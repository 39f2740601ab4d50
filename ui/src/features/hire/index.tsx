import '@/lib/i18n/en/agent'
import '@/lib/i18n/en/hire'
import '@/lib/i18n/en/work'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { LockKeyhole } from 'lucide-react'
import { isApiError } from '@/api/error'
import { queries } from '@/api/queries'
import { useCan, useSession } from '@/api/session'
import { AgentMissing } from '@/components/agent-missing'
import { btn } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { PageHeader } from '@/components/page'
import { PageSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { HireWizard } from './hire-wizard'

const route = getRouteApi('/app/hire/$agent')

/** Hiring one agent; those whose role does not hire are told who does. */
export default function Hire() {
  const { agent: slug } = route.useParams()
  const mayHire = useCan('team.hire')
  const { data, error, refetch } = useQuery(queries.agent(slug))
  if (isApiError(error) && error.status === 404) return <AgentMissing />
  if (error && !data) {
    return (
      <>
        <PageHeader title={t('nav.hire')} />
        <ErrorState error={error} onRetry={() => void refetch()} />
      </>
    )
  }
  if (!data) return <PageSkeleton />
  return mayHire ? <HireWizard agent={data} /> : <NotYourRole slug={slug} name={data.default_persona_name} />
}

function NotYourRole({ slug, name }: { slug: string; name: string }) {
  const { organisation } = useSession()
  return (
    <div className="grid min-h-[60dvh] place-content-center justify-items-center gap-3 text-center">
      <span className="grid size-14 place-items-center rounded-full bg-brand-soft text-brand">
        <LockKeyhole size={26} aria-hidden="true" />
      </span>
      <h1 className="font-display text-[26px] font-semibold tracking-[-.03em]">{t('hire.forbidden_title')}</h1>
      <p className="max-w-[46ch] text-ink-2">{t('hire.forbidden', { organisation: organisation.name, name })}</p>
      <Link to="/agents/$agent" params={{ agent: slug }} className={btn('outline', 'sm', 'mt-2')}>
        {t('hire.back', { name })}
      </Link>
    </div>
  )
}
