import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Cloud, Coins, Ellipsis, LoaderCircle, Network, Pencil, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import type { Provider } from '@/api/types'
import { announce } from '@/components/announcer'
import { Button, IconButton } from '@/components/button'
import { ConfirmDialog } from '@/components/dialog'
import { Switch } from '@/components/field'
import { Menu, MenuItem, MenuSeparator } from '@/components/menu'
import { StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatRelative, formatTime } from '@/lib/i18n/format'
import { PriceDialog } from './price-dialog'
import { EditProvider } from './provider-form'
import { Report } from './report'
import { unchanged, useReread } from './use-provider'

/** One provider: where it is, how it is doing, its models, and what its last test said. */
export function ProviderCard({ provider, i }: { provider: Provider; i: number }) {
  const reread = useReread()
  const test = useMutation({
    mutationFn: () => api.post('/api/admin/providers/{id}/test', { path: { id: provider.id }, body: {} }),
    onSuccess: (report) => announce(t(report.passed ? 'provider.test_passed' : 'provider.test_failed')),
    onError: toast.error,
    onSettled: reread,
  })
  const enable = useMutation({
    mutationFn: (enabled: boolean) =>
      api.patch('/api/admin/providers/{id}', { path: { id: provider.id }, body: { ...unchanged, enabled } }),
    onError: toast.error,
    onSettled: reread,
  })
  const report = test.data ?? provider.tested
  const Icon = provider.local_network ? Network : Cloud
  return (
    <li className="panel p-5" style={{ '--i': i }}>
      <div className="flex items-start gap-3">
        <span className="grid size-11 shrink-0 place-items-center rounded-[14px] bg-surface-2 text-ink-2">
          <Icon size={21} aria-hidden="true" />
        </span>
        <div className="min-w-0 flex-1">
          <h3 className="truncate text-[16px] leading-snug font-semibold">{provider.title}</h3>
          <p className="truncate font-mono text-[12.5px] text-ink-2" title={provider.base_url}>
            {provider.base_url}
          </p>
        </div>
        <Actions provider={provider} />
      </div>
      <p className="mt-3 flex flex-wrap items-center gap-2">
        <Pill provider={provider} />
        {provider.has_credentials || provider.local_network ? null : <StatusPill state="paused">{t('provider.no_key')}</StatusPill>}
      </p>
      <Trouble provider={provider} />
      <ul className="mt-3 flex flex-wrap gap-1.5" aria-label={t('provider.models', { count: provider.models.length })}>
        {provider.models.map((model) => (
          <li key={model.model} className="rounded-full bg-surface-2 px-2.5 py-0.5 font-mono text-[12px] text-ink-2">
            {model.model}
          </li>
        ))}
        {provider.models.length === 0 ? <li className="text-[13.5px] text-ink-2">{t('provider.models', { count: 0 })}</li> : null}
      </ul>
      {report ? <Report report={report} provider={provider.title} open={test.data !== undefined || !report.passed} /> : null}
      <div className="mt-4 flex flex-wrap items-center gap-3 border-t border-line pt-4">
        <Switch
          label={t('provider.enabled')}
          checked={enable.isPending ? enable.variables : provider.enabled}
          disabled={enable.isPending}
          onChange={(enabled) => enable.mutate(enabled)}
        />
        <Button
          kind="outline"
          size="sm"
          className="ms-auto"
          aria-label={t('provider.test_of', { provider: provider.title })}
          disabled={test.isPending || provider.models.length === 0}
          onClick={() => test.mutate()}
        >
          {test.isPending ? <LoaderCircle size={15} className="animate-spin" aria-hidden="true" /> : null}
          {t(test.isPending ? 'provider.testing' : 'provider.test')}
        </Button>
      </div>
    </li>
  )
}

function Pill({ provider }: { provider: Provider }) {
  if (!provider.enabled) return <StatusPill state="paused">{t('provider.state.disabled')}</StatusPill>
  if (!provider.reachable) return <StatusPill state="verified">{t('provider.state.closed')}</StatusPill>
  const { circuit, retry_at } = provider.health
  if (circuit === 'open') {
    return <StatusPill state="failed">{t('provider.state.broken', { when: retry_at ? formatTime(retry_at) : '–' })}</StatusPill>
  }
  if (circuit === 'half_open') return <StatusPill state="waiting">{t('provider.state.probing')}</StatusPill>
  return <StatusPill state="done">{t('provider.state.open')}</StatusPill>
}

function Trouble({ provider }: { provider: Provider }) {
  const { last_error, last_error_at, failures } = provider.health
  if (!last_error || !last_error_at || failures === 0) return null
  return (
    <p className="mt-2.5 text-[13px] text-danger">{t('provider.last_error', { code: last_error, when: formatRelative(last_error_at) })}</p>
  )
}

function Actions({ provider }: { provider: Provider }) {
  const [asked, setAsked] = useState<'edit' | 'prices' | 'remove' | null>(null)
  const client = useQueryClient()
  const close = () => setAsked(null)
  const remove = useMutation({
    mutationFn: () => api.delete('/api/admin/providers/{id}', { path: { id: provider.id } }),
    onSuccess: () => {
      toast.success(t('provider.removed', { provider: provider.title }))
      return Promise.all([keys.providers, keys.egress, keys.models].map((queryKey) => client.invalidateQueries({ queryKey })))
    },
    onError: toast.error,
    onSettled: close,
  })
  const label = t('provider.actions', { provider: provider.title })
  return (
    <>
      <Menu
        label={label}
        trigger={(props) => (
          <IconButton label={label} className="-me-2 -mt-1" {...props}>
            <Ellipsis size={18} />
          </IconButton>
        )}
      >
        <MenuItem icon={Coins} onClick={() => setAsked('prices')}>
          {t('provider.models_edit')}
        </MenuItem>
        <MenuItem icon={Pencil} onClick={() => setAsked('edit')}>
          {t('provider.edit')}
        </MenuItem>
        <MenuSeparator />
        <MenuItem icon={Trash2} danger onClick={() => setAsked('remove')}>
          {t('provider.remove')}
        </MenuItem>
      </Menu>
      {asked === 'prices' ? <PriceDialog provider={provider} onClose={close} /> : null}
      {asked === 'edit' ? <EditProvider provider={provider} onClose={close} /> : null}
      <ConfirmDialog
        open={asked === 'remove'}
        onClose={close}
        onConfirm={() => remove.mutate()}
        title={t('provider.remove_title', { provider: provider.title })}
        confirm={t('provider.remove')}
        busy={remove.isPending}
      >
        {t('provider.remove_text')}
      </ConfirmDialog>
    </>
  )
}
