import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Hourglass } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { peopleKeys, peopleQueries, type SignUpRequest } from '@/api/people-queries'
import { keys } from '@/api/queries'
import { Avatar } from '@/components/avatar'
import { Button } from '@/components/button'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { EmptyState, Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { rich, t } from '@/lib/i18n'
import { formatRelative } from '@/lib/i18n/format'

/** Who signed up and waits for an administrator. */
export function WaitingList() {
  const { data, error, refetch } = useQuery(peopleQueries.signUps())
  const [refusing, setRefusing] = useState<SignUpRequest | null>(null)
  return (
    <Panel title={t('admission.waiting.title')} icon={Hourglass} pad={false} i={1}>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={2} className="px-5 pb-6" />}
      {data?.items.length === 0 ? <EmptyState title={t('admission.waiting.empty')}>{t('admission.waiting.empty_text')}</EmptyState> : null}
      <ul aria-label={t('admission.waiting.list')} className="divide-y divide-line">
        {data?.items.map((request) => (
          <Row key={request.id} request={request} onRefuse={() => setRefusing(request)} />
        ))}
      </ul>
      {refusing ? <Refuse request={refusing} onClose={() => setRefusing(null)} /> : null}
    </Panel>
  )
}

function Row({ request, onRefuse }: { request: SignUpRequest; onRefuse: () => void }) {
  const client = useQueryClient()
  const name = request.display_name
  const approve = useMutation({
    mutationFn: () => api.post('/api/admin/sign-ups/{id}/approve', { path: { id: request.id } }),
    onSuccess: () => {
      toast.success(t('admission.waiting.approved', { name }))
      void client.invalidateQueries({ queryKey: keys.organisations })
      return client.invalidateQueries({ queryKey: peopleKeys.signUps })
    },
    onError: toast.error,
  })
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-3 px-5 py-4">
      <Avatar name={name} size={40} />
      <div className="min-w-0 flex-1 basis-[200px]">
        <b className="block truncate text-[15px] font-semibold">{name}</b>
        <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1 text-[13.5px] text-ink-2">
          <span className="truncate">{request.email}</span>
          <StatusPill state={request.email_verified ? 'verified' : 'queued'}>
            {t(request.email_verified ? 'admission.waiting.proven' : 'admission.waiting.unproven')}
          </StatusPill>
        </p>
        <p className="text-[13px] text-ink-2">
          {rich(
            'admission.waiting.organisation',
            { b: (words) => <b className="font-medium">{words}</b> },
            { organisation: request.organisation },
          )}
        </p>
        <p className="text-[12.5px] text-ink-3">
          {request.address
            ? t('admission.waiting.when', { when: formatRelative(request.created_at), address: request.address })
            : formatRelative(request.created_at)}
        </p>
      </div>
      <div className="flex gap-2">
        <Button
          kind="outline"
          size="sm"
          aria-label={t('admission.waiting.refuse_of', { name })}
          onClick={onRefuse}
          disabled={approve.isPending}
        >
          {t('admission.waiting.refuse')}
        </Button>
        <Button
          size="sm"
          aria-label={t('admission.waiting.approve_of', { name })}
          onClick={() => approve.mutate()}
          disabled={approve.isPending}
        >
          {t('admission.waiting.approve')}
        </Button>
      </div>
    </li>
  )
}

function Refuse({ request, onClose }: { request: SignUpRequest; onClose: () => void }) {
  const client = useQueryClient()
  const name = request.display_name
  const refuse = useMutation({
    mutationFn: () => api.post('/api/admin/sign-ups/{id}/refuse', { path: { id: request.id } }),
    onSuccess: () => {
      toast.success(t('admission.waiting.refused', { name }))
      return client.invalidateQueries({ queryKey: peopleKeys.signUps })
    },
    onError: toast.error,
    onSettled: onClose,
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => refuse.mutate()}
      title={t('admission.waiting.refuse_title', { name })}
      confirm={t('admission.waiting.refuse')}
      busy={refuse.isPending}
    >
      {t('admission.waiting.refuse_text', { email: request.email })}
    </ConfirmDialog>
  )
}
