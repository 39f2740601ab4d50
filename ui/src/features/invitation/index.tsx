import '@/lib/i18n/en/entry'
import '@/lib/i18n/en/signin'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { accountQueries, type SecondFactorChallenge } from '@/api/account-queries'
import { isApiError } from '@/api/error'
import { queries } from '@/api/queries'
import { adoptSession } from '@/api/session'
import type { Session } from '@/api/types'
import { Door, DoorHeading } from '@/components/door'
import { ErrorState, errorText } from '@/components/error-state'
import { forgetLinkToken, useLinkToken } from '@/components/link-token'
import { SecondFactorStep } from '@/components/second-factor-step'
import { CheckingLink, ShutLink } from '@/components/shut-link'
import { rich, t } from '@/lib/i18n'
import { formatDateTime } from '@/lib/i18n/format'
import { roleTitle } from '@/lib/role-title'
import { ByPassword } from './by-password'
import { BySession } from './by-session'

/** An invitation by link: as whoever is signed in, into an account that is there, or a new one. */
export default function Invitation() {
  const token = useLinkToken('/invitation')
  const { data, error, refetch } = useQuery({ ...accountQueries.invitation(token ?? ''), enabled: token !== null, retry: false })
  const [challenge, setChallenge] = useState<SecondFactorChallenge | null>(null)
  const { data: session } = useQuery(queries.session())
  const enter = useEnter()
  const refused = isApiError(error) && error.status > 0 && error.status < 500
  if (challenge) {
    return (
      <Door label={t('entry.invitation.region')}>
        <SecondFactorStep challenge={challenge} onSession={enter} onRestart={() => setChallenge(null)} />
      </Door>
    )
  }
  return (
    <Door label={t('entry.invitation.region')}>
      {token === null ? <ShutLink title={t('entry.invitation.missing_title')} text={t('entry.invitation.missing')} /> : null}
      {refused ? <ShutLink title={t('entry.invitation.failed_title')} text={errorText(error)} /> : null}
      {error && !refused ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {token && !data && !error ? <CheckingLink title={t('entry.invitation.region')} label={t('entry.invitation.checking')} /> : null}
      {token && data ? (
        <>
          <DoorHeading title={t('entry.invitation.title', { organisation: data.organisation.name })}>
            {rich(
              'entry.invitation.lead',
              { b: (words) => <b className="font-semibold text-ink">{words}</b> },
              { role: roleTitle(data.role, data.role_title), when: formatDateTime(data.expires_at) },
            )}
          </DoorHeading>
          {session ? (
            <BySession token={token} invitation={data} session={session} onSession={enter} />
          ) : (
            <ByPassword token={token} invitation={data} onSession={enter} onChallenge={setChallenge} />
          )}
        </>
      ) : null}
    </Door>
  )
}

/** The person is in: the link is used up. */
function useEnter() {
  const client = useQueryClient()
  const navigate = useNavigate()
  return async (session: Session) => {
    forgetLinkToken('/invitation')
    adoptSession(client, session)
    await navigate({ to: '/', replace: true })
  }
}
