import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Laptop, MonitorSmartphone, Smartphone } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { queries } from '@/api/queries'
import type { AccountSession } from '@/api/types'
import { Button } from '@/components/button'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDateTime, formatRelative } from '@/lib/i18n/format'
import { describeUserAgent } from '@/lib/user-agent'

/** Every session of the person, with the way to end each or all others. */
export function Sessions() {
  const client = useQueryClient()
  const { data, error, refetch } = useQuery(queries.accountSessions())
  const [asking, setAsking] = useState(false)
  const refresh = () => client.invalidateQueries({ queryKey: queries.accountSessions().queryKey })
  const endAll = useMutation({
    mutationFn: () => api.delete('/api/account/sessions'),
    onSuccess: () => {
      toast.success(t('account.sessions.ended_all'))
      return refresh()
    },
    onError: toast.error,
    onSettled: () => setAsking(false),
  })
  const end = useMutation({
    mutationFn: (id: string) => api.delete('/api/account/sessions/{id}', { path: { id } }),
    onSuccess: () => {
      toast.success(t('account.sessions.ended'))
      return refresh()
    },
    onError: toast.error,
  })
  const others = data?.items.some((session) => !session.current)
  return (
    <Panel
      title={t('account.sessions.title')}
      icon={MonitorSmartphone}
      i={1}
      end={
        others ? (
          <Button kind="quiet" size="sm" onClick={() => setAsking(true)}>
            {t('account.sessions.end_all')}
          </Button>
        ) : null
      }
    >
      {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={3} />}
      <ul className="grid gap-2.5">
        {data?.items.map((session) => (
          <Row key={session.id} session={session} busy={end.isPending} onEnd={() => end.mutate(session.id)} />
        ))}
      </ul>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => endAll.mutate()}
        title={t('account.sessions.end_all_title')}
        confirm={t('account.sessions.end_all')}
        busy={endAll.isPending}
      >
        {t('account.sessions.end_all_text')}
      </ConfirmDialog>
    </Panel>
  )
}

function Row({ session, busy, onEnd }: { session: AccountSession; busy: boolean; onEnd: () => void }) {
  const agent = describeUserAgent(session.user_agent)
  const device = t('account.sessions.device', {
    browser: agent.browser ?? t('account.sessions.unknown_browser'),
    system: agent.system ?? t('account.sessions.unknown_system'),
  })
  const Icon = agent.phone ? Smartphone : Laptop
  return (
    <li className="flex items-center gap-3.5 rounded-[16px] border border-line p-3.5">
      <span
        className={`grid size-11 shrink-0 place-items-center rounded-[14px] ${session.current ? 'bg-brand-soft text-brand' : 'bg-surface-2 text-ink-2'}`}
      >
        <Icon size={20} aria-hidden="true" />
      </span>
      <span className="min-w-0 flex-1">
        <span className="block truncate text-[14.5px] font-medium">{device}</span>
        <span className="block text-[13px] text-ink-2">
          {t('account.sessions.seen', { when: formatRelative(session.last_seen_at), address: session.address })}
        </span>
        <span className="block text-[12.5px] text-ink-3">{t('account.sessions.since', { when: formatDateTime(session.created_at) })}</span>
      </span>
      {session.current ? (
        <StatusPill state="done">{t('account.sessions.this')}</StatusPill>
      ) : (
        <Button kind="outline" size="sm" aria-label={t('account.sessions.end', { device })} onClick={onEnd} disabled={busy}>
          {t('account.sessions.end_short')}
        </Button>
      )}
    </li>
  )
}
