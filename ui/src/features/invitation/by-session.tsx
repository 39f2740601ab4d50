import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ArrowRight, LoaderCircle, LogIn } from 'lucide-react'
import type { ReactNode } from 'react'
import type { InvitationCheck } from '@/api/account-queries'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { forgetSession } from '@/api/session'
import type { Session } from '@/api/types'
import { Button } from '@/components/button'
import { FormError } from '@/components/error-state'
import { toast } from '@/components/toast'
import { rich, t } from '@/lib/i18n'

type BySessionProps = { token: string; invitation: InvitationCheck; session: Session; onSession: (session: Session) => Promise<void> }

const bold = { b: (words: ReactNode) => <b className="font-semibold text-ink">{words}</b> }

/** Joining as whoever is signed in: no password is asked for, since they may have none here. */
export function BySession({ token, invitation, session, onSession }: BySessionProps) {
  const join = useMutation({
    mutationFn: () => api.post('/api/account/invitation', { body: { token } }),
    onSuccess: onSession,
  })
  const isForThem = invitation.email === null || invitation.email === session.person.email
  const isStale = isApiError(join.error) && join.error.code === 'sign_in_again'
  const words = { name: session.person.display_name, email: session.person.email, invited: invitation.email ?? '' }
  return (
    <div className="mt-8 grid gap-5">
      <p className="rounded-[14px] bg-surface-2 px-4 py-3 text-[14px] [overflow-wrap:anywhere] text-ink-2">
        {rich(isForThem ? 'entry.invitation.signed_in' : 'entry.invitation.another', bold, words)}
      </p>
      <FormError error={join.error} fields={[]} />
      {isForThem && !isStale ? (
        <Button size="lg" className="w-full" disabled={join.isPending} onClick={() => join.mutate()}>
          {t('entry.invitation.submit')}
          {join.isPending ? (
            <LoaderCircle size={17} className="animate-spin" aria-hidden="true" />
          ) : (
            <ArrowRight size={17} className="rtl:-scale-x-100" aria-hidden="true" />
          )}
        </Button>
      ) : null}
      <SignOut again={isForThem && isStale} />
    </div>
  )
}

/** Ends the session and goes on with the invitation: as the same person once more, or as another one. */
function SignOut({ again }: { again: boolean }) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const end = useMutation({
    mutationFn: () => api.delete('/api/session'),
    onSuccess: async () => {
      forgetSession(client)
      // The link's secret stays in this tab, so the way back finds it.
      if (again) await navigate({ to: '/signin', search: { next: '/invitation' } })
    },
    onError: toast.error,
  })
  return (
    <Button kind={again ? 'brand' : 'outline'} size="lg" className="w-full" disabled={end.isPending} onClick={() => end.mutate()}>
      <LogIn size={17} aria-hidden="true" />
      {t(again ? 'entry.invitation.again' : 'entry.invitation.not_me')}
    </Button>
  )
}
