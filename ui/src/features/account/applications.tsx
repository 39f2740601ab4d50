import '@/lib/i18n/en/grants'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { AppWindow } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { type AppGrant, tokenKeys, tokenQueries } from '@/api/token-queries'
import { Button } from '@/components/button'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { EmptyState, Panel } from '@/components/page'
import { scopeLine } from '@/components/scope-words'
import { RowsSkeleton } from '@/components/skeleton'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDate, formatRelative } from '@/lib/i18n/format'

/** The applications the person let in, and the way to put them out again. */
export function Applications() {
  const { data, error, refetch } = useQuery(tokenQueries.grants())
  const [withdrawing, setWithdrawing] = useState<AppGrant | null>(null)
  return (
    <Panel title={t('account.apps.title')} icon={AppWindow} pad={false}>
      <p className="max-w-[72ch] px-5 pb-4 text-[14px] text-ink-2">{t('account.apps.lead')}</p>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={2} className="px-5 pb-6" />}
      {data?.items.length === 0 ? <EmptyState title={t('account.apps.empty')}>{t('account.apps.empty_text')}</EmptyState> : null}
      <ul aria-label={t('account.apps.title')} className="divide-y divide-line">
        {data?.items.map((grant) => (
          <li key={grant.id} className="flex flex-wrap items-center gap-x-4 gap-y-3 px-5 py-4">
            <span className="grid size-11 shrink-0 place-items-center rounded-[14px] bg-surface-2 text-ink-2">
              <AppWindow size={20} aria-hidden="true" />
            </span>
            <div className="min-w-0 flex-1 basis-[240px]">
              <b className="block truncate text-[15px] font-semibold">{grant.client.name}</b>
              <p className="text-[13.5px] text-ink-2">{scopeLine(grant.scopes)}</p>
              <p className="text-[13px] text-ink-3">
                {t('account.apps.since', { when: formatDate(grant.created_at) })}{' '}
                {grant.last_used_at ? t('account.apps.used', { when: formatRelative(grant.last_used_at) }) : t('account.apps.unused')}
              </p>
            </div>
            <Button
              kind="outline"
              size="sm"
              aria-label={t('account.apps.withdraw_of', { name: grant.client.name })}
              onClick={() => setWithdrawing(grant)}
            >
              {t('account.apps.withdraw')}
            </Button>
          </li>
        ))}
      </ul>
      {withdrawing ? <Withdraw grant={withdrawing} onClose={() => setWithdrawing(null)} /> : null}
    </Panel>
  )
}

function Withdraw({ grant, onClose }: { grant: AppGrant; onClose: () => void }) {
  const client = useQueryClient()
  const { name } = grant.client
  const withdraw = useMutation({
    mutationFn: () => api.delete('/api/account/grants/{id}', { path: { id: grant.id } }),
    onSuccess: () => {
      toast.success(t('account.apps.withdrawn', { name }))
      return client.invalidateQueries({ queryKey: tokenKeys.grants })
    },
    onError: toast.error,
    onSettled: onClose,
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => withdraw.mutate()}
      title={t('account.apps.withdraw_title', { name })}
      confirm={t('account.apps.withdraw')}
      busy={withdraw.isPending}
    >
      {t('account.apps.withdraw_text', { name })}
    </ConfirmDialog>
  )
}
