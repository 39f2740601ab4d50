import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { AppWindow, Ellipsis, Pencil, Plus, RotateCw, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { type OauthClient, tokenKeys, tokenQueries } from '@/api/token-queries'
import { Button, IconButton } from '@/components/button'
import { CopyButton } from '@/components/copy'
import { CopyLine } from '@/components/copy-line'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { Menu, MenuItem, MenuSeparator } from '@/components/menu'
import { EmptyState, Panel } from '@/components/page'
import { scopeLine } from '@/components/scope-words'
import { SecretDialog } from '@/components/secret-dialog'
import { RowsSkeleton } from '@/components/skeleton'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { AddClient, EditClient } from './client-form'

type Asked = { kind: 'edit' | 'secret' | 'delete'; client: OauthClient } | { kind: 'add' } | null

/** Applications that ask people for access, or act for a service account. */
export function Clients() {
  const { data, error, refetch } = useQuery(tokenQueries.clients())
  const [asked, setAsked] = useState<Asked>(null)
  const close = () => setAsked(null)
  const empty = data?.items.length === 0
  const add = (
    <Button size="sm" onClick={() => setAsked({ kind: 'add' })}>
      <Plus size={16} strokeWidth={2.4} aria-hidden="true" />
      {t('client.add')}
    </Button>
  )
  return (
    <Panel title={t('client.title')} icon={AppWindow} pad={false} end={data && !empty ? add : null}>
      <p className="max-w-[72ch] px-5 pb-4 text-[14px] text-ink-2">{t('client.lead')}</p>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={3} className="px-5 pb-6" />}
      {empty ? (
        <EmptyState title={t('client.empty')} action={add}>
          {t('client.empty_text')}
        </EmptyState>
      ) : null}
      <ul aria-label={t('client.title')} className="divide-y divide-line">
        {data?.items.map((client) => (
          <Row key={client.id} client={client} onAsk={(kind) => setAsked({ kind, client })} />
        ))}
      </ul>
      {asked?.kind === 'add' ? <AddClient onClose={close} /> : null}
      {asked?.kind === 'edit' ? <EditClient client={asked.client} onClose={close} /> : null}
      {asked?.kind === 'secret' ? <NewSecret client={asked.client} onClose={close} /> : null}
      {asked?.kind === 'delete' ? <DeleteClient client={asked.client} onClose={close} /> : null}
    </Panel>
  )
}

function Row({ client, onAsk }: { client: OauthClient; onAsk: (kind: 'edit' | 'secret' | 'delete') => void }) {
  const label = t('client.actions', { name: client.name })
  return (
    <li className="flex items-start gap-x-4 gap-y-2 px-5 py-4">
      <span className="grid size-11 shrink-0 place-items-center rounded-[14px] bg-surface-2 text-ink-2">
        <AppWindow size={20} aria-hidden="true" />
      </span>
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <b className="truncate text-[15px] font-semibold">{client.name}</b>
          <span className="rounded-full bg-surface-2 px-2 py-0.5 text-[12px] text-ink-2">{t(`client.kind.${client.kind}`)}</span>
        </p>
        <p className="text-[13.5px] text-ink-2">
          {t('client.facts', {
            grants: client.grants.map((grant) => t(`client.grant.${grant}`)).join(', '),
            scopes: scopeLine(client.scopes),
          })}
        </p>
        <p className="flex items-center gap-1 text-[13px] text-ink-3">
          <code className="min-w-0 truncate font-mono text-[12.5px]">{client.id}</code>
          <CopyButton text={client.id} label={t('client.copy_id', { name: client.name })} />
        </p>
      </div>
      <Menu
        label={label}
        trigger={(props) => (
          <IconButton label={label} className="-me-2" {...props}>
            <Ellipsis size={18} />
          </IconButton>
        )}
      >
        <MenuItem icon={Pencil} onClick={() => onAsk('edit')}>
          {t('client.edit')}
        </MenuItem>
        {client.kind === 'confidential' ? (
          <MenuItem icon={RotateCw} onClick={() => onAsk('secret')}>
            {t('client.rotate')}
          </MenuItem>
        ) : null}
        <MenuSeparator />
        <MenuItem icon={Trash2} danger onClick={() => onAsk('delete')}>
          {t('client.delete')}
        </MenuItem>
      </Menu>
    </li>
  )
}

type AskedProps = { client: OauthClient; onClose: () => void }

function NewSecret({ client, onClose }: AskedProps) {
  const rotate = useMutation({
    mutationFn: () => api.post('/api/admin/oauth-clients/{id}/secret', { path: { id: client.id } }),
    onError: (error) => {
      toast.error(error)
      onClose()
    },
  })
  if (rotate.data) {
    return (
      <SecretDialog
        title={t('client.rotated', { name: client.name })}
        lead={t('client.secret_lead')}
        value={rotate.data.secret}
        onClose={onClose}
      >
        <CopyLine label={t('client.id')} value={client.id} />
      </SecretDialog>
    )
  }
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => rotate.mutate()}
      title={t('client.rotate_title', { name: client.name })}
      confirm={t('client.rotate')}
      busy={rotate.isPending}
    >
      {t('client.rotate_text')}
    </ConfirmDialog>
  )
}

function DeleteClient({ client, onClose }: AskedProps) {
  const cache = useQueryClient()
  const remove = useMutation({
    mutationFn: () => api.delete('/api/admin/oauth-clients/{id}', { path: { id: client.id } }),
    onSuccess: () => {
      toast.success(t('client.deleted', { name: client.name }))
      return cache.invalidateQueries({ queryKey: tokenKeys.clients })
    },
    onError: toast.error,
    onSettled: onClose,
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      title={t('client.delete_title', { name: client.name })}
      confirm={t('client.delete')}
      busy={remove.isPending}
    >
      {t('client.delete_text', { name: client.name })}
    </ConfirmDialog>
  )
}
