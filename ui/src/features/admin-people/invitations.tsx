import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { api } from '@/api/client'
import { type Invitation, type InvitationState, peopleKeys, peopleQueries } from '@/api/people-queries'
import { Button } from '@/components/button'
import { type Column, DataTable } from '@/components/datatable'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { MoreRows } from '@/components/more-rows'
import { EmptyState, Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { type State, StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDate, formatDateTime } from '@/lib/i18n/format'
import { roleTitle } from '@/lib/role-title'
import { Awaited } from './awaited'
import { useRoles } from './use-roles'

const LOOKS: Record<InvitationState, State> = { open: 'waiting', used: 'done', expired: 'paused', withdrawn: 'failed' }

/** Invitations that were made, with what became of each. */
export function Invitations({ onInvite }: { onInvite: (email?: string) => void }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(peopleQueries.invitations())
  const roles = useRoles()
  const [withdrawing, setWithdrawing] = useState<Invitation | null>(null)
  const rows = data?.pages.flatMap((page) => page.items) ?? []
  const titleOf = (invitation: Invitation) => roles.find((role) => role.id === invitation.role)?.title ?? roleTitle(invitation.role)
  return (
    <>
      <Awaited onInvite={onInvite} />
      <Panel pad={false} className="pt-4">
        {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
        {data || error ? null : <RowsSkeleton rows={3} className="p-5" />}
        {data && rows.length === 0 ? (
          <EmptyState title={t('people.invitations.empty')} action={<Button onClick={() => onInvite()}>{t('people.invite')}</Button>}>
            {t('people.invitations.empty_text')}
          </EmptyState>
        ) : null}
        {rows.length > 0 ? (
          <DataTable label={t('people.invitations.title')} columns={columns(titleOf, setWithdrawing)} rows={rows} />
        ) : null}
        <MoreRows hasNextPage={hasNextPage} isFetchingNextPage={isFetchingNextPage} fetchNextPage={fetchNextPage} />
        {withdrawing ? <Withdraw invitation={withdrawing} onClose={() => setWithdrawing(null)} /> : null}
      </Panel>
    </>
  )
}

const forWhom = (invitation: Invitation) => invitation.email ?? t('people.invitations.anybody')

const columns = (titleOf: (invitation: Invitation) => string, onWithdraw: (invitation: Invitation) => void): Column<Invitation>[] => [
  {
    key: 'for',
    head: t('people.invitations.head_for'),
    wide: true,
    cell: (invitation) => (
      <>
        <b className="font-medium">{forWhom(invitation)}</b>
        <span className="block text-[13px] text-ink-2">{titleOf(invitation)}</span>
      </>
    ),
  },
  {
    key: 'state',
    head: t('people.invitations.head_state'),
    cell: (invitation) => <StatusPill state={LOOKS[invitation.state]}>{t(`people.invitations.state.${invitation.state}`)}</StatusPill>,
  },
  {
    key: 'until',
    head: t('people.invitations.head_until'),
    hide: true,
    cell: (invitation) => formatDateTime(invitation.expires_at),
  },
  {
    key: 'by',
    head: t('people.invitations.head_by'),
    hide: true,
    cell: (invitation) => (
      <>
        {invitation.created_by_name ?? t('people.invitations.somebody')}
        <span className="block text-[13px] text-ink-3">{formatDate(invitation.created_at)}</span>
      </>
    ),
  },
  {
    key: 'withdraw',
    head: t('people.invitations.head_change'),
    end: true,
    cell: (invitation) =>
      invitation.state === 'open' ? (
        <Button
          kind="outline"
          size="sm"
          aria-label={t('people.invitations.withdraw_of', { name: forWhom(invitation) })}
          onClick={() => onWithdraw(invitation)}
        >
          {t('people.invitations.withdraw')}
        </Button>
      ) : null,
  },
]

function Withdraw({ invitation, onClose }: { invitation: Invitation; onClose: () => void }) {
  const client = useQueryClient()
  const withdraw = useMutation({
    mutationFn: () => api.delete('/api/admin/invitations/{id}', { path: { id: invitation.id } }),
    onSuccess: () => {
      toast.success(t('people.invitations.withdrawn'))
      return client.invalidateQueries({ queryKey: peopleKeys.invitations })
    },
    onError: toast.error,
    onSettled: onClose,
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => withdraw.mutate()}
      title={t('people.invitations.withdraw_title', { name: forWhom(invitation) })}
      confirm={t('people.invitations.withdraw')}
      busy={withdraw.isPending}
    >
      {t('people.invitations.withdraw_text')}
    </ConfirmDialog>
  )
}
