import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { KeyRound, Plus } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { queries } from '@/api/queries'
import { tokenKeys, tokenQueries } from '@/api/token-queries'
import type { ApiKey } from '@/api/types'
import { Button } from '@/components/button'
import { type Column, DataTable } from '@/components/datatable'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { EmptyState, Panel } from '@/components/page'
import { scopeLine } from '@/components/scope-words'
import { RowsSkeleton } from '@/components/skeleton'
import { toast } from '@/components/toast'
import { rich, t } from '@/lib/i18n'
import { formatDate, formatRelative } from '@/lib/i18n/format'
import { CreateKey } from './create-key'

const expiry = (key: ApiKey) => {
  if (!key.expires_at) return t('account.keys.never')
  const ended = new Date(key.expires_at).getTime() < Date.now()
  return ended ? t('account.keys.expired', { when: formatDate(key.expires_at) }) : formatDate(key.expires_at)
}

/** The person's API keys: create, see what each begins with and when it was used, revoke. */
export function ApiKeys() {
  const { data, error, refetch } = useQuery(tokenQueries.apiKeys())
  const { data: team } = useQuery({ ...queries.ves(), enabled: data?.items.some((key) => key.ves?.length) ?? false })
  const nameOf = (ve: string) => team?.items.find((item) => item.id === ve)?.persona_name ?? t('account.keys.ve_gone')
  /** What the key may do, and through whom where it is for some employees only. */
  const reach = ({ scopes, ves }: ApiKey) =>
    ves?.length ? t('account.keys.through', { scopes: scopeLine(scopes), names: ves.map(nameOf).join(', ') }) : scopeLine(scopes)
  const [creating, setCreating] = useState(false)
  const [revoking, setRevoking] = useState<ApiKey | null>(null)
  const create = (
    <Button size="sm" onClick={() => setCreating(true)}>
      <Plus size={16} strokeWidth={2.4} aria-hidden="true" />
      {t('account.keys.create')}
    </Button>
  )
  const empty = data?.items.length === 0
  return (
    <Panel title={t('account.keys.title')} icon={KeyRound} end={empty ? null : create} pad={false}>
      <p className="max-w-[72ch] px-5 pb-4 text-[14px] text-ink-2">
        {rich('account.keys.lead', {
          link: (words) => (
            <a href="/openapi.json" target="_blank" rel="noreferrer" className="font-medium text-brand underline underline-offset-4">
              {words}
            </a>
          ),
        })}
      </p>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={3} className="px-5 pb-6" />}
      {empty ? (
        <EmptyState title={t('account.keys.empty')} action={create}>
          {t('account.keys.empty_text')}
        </EmptyState>
      ) : null}
      {data && !empty ? <DataTable label={t('account.keys.title')} columns={columns(setRevoking, reach)} rows={data.items} /> : null}
      {creating ? <CreateKey onClose={() => setCreating(false)} /> : null}
      <Revoke apiKey={revoking} onClose={() => setRevoking(null)} />
    </Panel>
  )
}

const columns = (onRevoke: (key: ApiKey) => void, reach: (key: ApiKey) => string): Column<ApiKey>[] => [
  {
    key: 'name',
    head: t('account.keys.column_name'),
    cell: (key) => (
      <>
        <b className="block font-medium">{key.name}</b>
        <span className="block min-w-[140px] text-[13px] text-ink-2">{reach(key)}</span>
      </>
    ),
    wide: true,
  },
  {
    key: 'prefix',
    head: t('account.keys.column_key'),
    cell: (key) => <code className="font-mono text-[13px] text-ink-2">{key.prefix}…</code>,
    hide: true,
  },
  {
    key: 'used',
    head: t('account.keys.column_used'),
    cell: (key) => (key.last_used_at ? formatRelative(key.last_used_at) : t('account.keys.unused')),
  },
  { key: 'expires', head: t('account.keys.column_expires'), cell: expiry, hide: true },
  {
    key: 'revoke',
    head: '',
    end: true,
    cell: (key) => (
      <Button kind="outline" size="sm" aria-label={t('account.keys.revoke', { name: key.name })} onClick={() => onRevoke(key)}>
        {t('account.keys.revoke_short')}
      </Button>
    ),
  },
]

function Revoke({ apiKey, onClose }: { apiKey: ApiKey | null; onClose: () => void }) {
  const client = useQueryClient()
  const revoke = useMutation({
    mutationFn: (key: ApiKey) => api.delete('/api/account/api-keys/{id}', { path: { id: key.id } }),
    onSuccess: (_, key) => {
      toast.success(t('account.keys.revoked', { name: key.name }))
      return client.invalidateQueries({ queryKey: tokenKeys.apiKeys })
    },
    onError: toast.error,
    onSettled: onClose,
  })
  if (!apiKey) return null
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      title={t('account.keys.revoke_title', { name: apiKey.name })}
      confirm={t('account.keys.revoke_short')}
      busy={revoke.isPending}
      onConfirm={() => revoke.mutate(apiKey)}
    >
      {t('account.keys.revoke_text')}
    </ConfirmDialog>
  )
}
