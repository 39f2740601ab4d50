import '@/lib/i18n/en/consent'
import '@/lib/i18n/en/signin'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '@/api/client'
import { useSession } from '@/api/session'
import { type AuthorizeRequest, tokenQueries } from '@/api/token-queries'
import { AskedFor, Caution } from '@/components/asked-for'
import { Button } from '@/components/button'
import { Door, DoorHeading } from '@/components/door'
import { errorText, FormError } from '@/components/error-state'
import { RowsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { destinationOf, mayFollow, requestFrom } from './request'

/** An application asks for access: the person sees what it wants, and decides. */
export default function Consent() {
  const [request] = useState(() => requestFrom(window.location.search))
  const { data, error, isFetching, refetch } = useQuery(tokenQueries.asked(request))
  return (
    <Door label={t('consent.region')}>
      {error && !data ? (
        <>
          <DoorHeading title={t('consent.wrong_title')}>{t('consent.wrong')}</DoorHeading>
          <p
            role="alert"
            className="mt-6 rounded-[14px] border border-danger/40 bg-danger/8 px-3.5 py-3 text-[14px] text-danger [overflow-wrap:anywhere]"
          >
            {errorText(error)}
          </p>
          <div className="mt-6 flex flex-wrap gap-2.5">
            <Button kind="outline" disabled={isFetching} onClick={() => void refetch()}>
              {t('action.retry')}
            </Button>
            <Button kind="quiet" onClick={() => window.location.assign('/')}>
              {t('action.home')}
            </Button>
          </div>
        </>
      ) : null}
      {!data && !error ? (
        <>
          <DoorHeading title={t('consent.title_loading')} />
          <RowsSkeleton rows={3} className="mt-8" />
        </>
      ) : null}
      {data ? (
        <>
          <DoorHeading title={t('consent.title', { client: data.client.name })} />
          <Decide request={request} asked={data} />
        </>
      ) : null}
    </Door>
  )
}

type DecideProps = { request: AuthorizeRequest; asked: Parameters<typeof AskedFor>[0]['asked'] }
function Decide({ request, asked }: DecideProps) {
  const { person, organisation } = useSession()
  const destination = destinationOf(request.redirect_uri)
  const decide = useMutation({
    mutationFn: async (allow: boolean) => {
      const { redirect_to } = await api.post('/api/oauth/authorize/decide', { body: { ...request, allow } })
      if (!mayFollow(redirect_to)) throw new Error('an address that leads nowhere')
      window.location.assign(redirect_to)
    },
  })
  // The browser is on its way once the answer is there; a second press would only be refused.
  const busy = decide.isPending || decide.isSuccess
  const client = asked.client.name
  return (
    <div className="mt-7 grid gap-5">
      <AskedFor asked={asked} person={person.display_name} organisation={organisation.name} />
      {destination?.kind === 'site' ? <p className="text-[13.5px] text-ink-2">{t('consent.site', { name: destination.name })}</p> : null}
      {destination && destination.kind !== 'site' ? (
        <Caution>{t(`consent.caution.${destination.kind}`, { client, name: destination.name })}</Caution>
      ) : asked.client.kind === 'public' ? (
        <Caution>{t('consent.caution.public', { client })}</Caution>
      ) : null}
      <FormError error={decide.error} />
      <div className="grid gap-2.5 sm:grid-cols-2">
        <Button kind="outline" size="lg" disabled={busy} onClick={() => decide.mutate(false)}>
          {t('consent.deny')}
        </Button>
        <Button size="lg" disabled={busy} onClick={() => decide.mutate(true)}>
          {t('consent.allow')}
        </Button>
      </div>
      <p className="text-[13px] text-ink-3">{t('consent.withdraw')}</p>
    </div>
  )
}
