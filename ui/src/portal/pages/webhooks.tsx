import '@/lib/i18n/en/portal-vendor'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Plus, Send } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/components/button'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { Field } from '@/components/field'
import { EmptyState, PageHeader, Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { type State, StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { optional, t } from '@/lib/i18n'
import { formatRelative } from '@/lib/i18n/format'
import { api, type Delivery, type Webhook } from '../api/client'
import { FormDialog } from '../parts/form-dialog'
import { Once } from '../parts/once'

/** Where other systems are told, and what became of it. */
export default function Webhooks() {
  const [adding, setAdding] = useState(false)
  const [secret, setSecret] = useState<string | null>(null)
  const client = useQueryClient()
  const { data, error, refetch } = useQuery({ queryKey: ['webhooks'], queryFn: ({ signal }) => api.get('/api/webhooks', { signal }) })
  const test = useMutation({
    mutationFn: () => api.post('/api/webhooks/test'),
    onSuccess: () => {
      toast.success(t('vendor.webhook_tested'))
      return client.invalidateQueries({ queryKey: ['deliveries'] })
    },
    onError: toast.error,
  })
  return (
    <>
      <PageHeader
        title={t('portal.nav.webhooks')}
        actions={
          <>
            <Button kind="outline" disabled={test.isPending} onClick={() => test.mutate()}>
              <Send size={17} aria-hidden="true" />
              {t('vendor.webhook_test')}
            </Button>
            <Button onClick={() => setAdding(true)}>
              <Plus size={17} aria-hidden="true" />
              {t('vendor.webhook_add')}
            </Button>
          </>
        }
      >
        {t('vendor.webhooks_lead')}
      </PageHeader>
      {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton />}
      {data?.items.length === 0 ? (
        <Panel>
          <EmptyState title={t('vendor.webhooks_none')}>{t('vendor.webhooks_none_text')}</EmptyState>
        </Panel>
      ) : null}
      <div className="grid gap-4">
        {data?.items.map((webhook) => (
          <Hook key={webhook.id} webhook={webhook} />
        ))}
      </div>
      {adding ? (
        <Add
          onClose={() => setAdding(false)}
          onDone={(made) => {
            setAdding(false)
            setSecret(made)
            void client.invalidateQueries({ queryKey: ['webhooks'] })
          }}
        />
      ) : null}
      {secret ? (
        <Once title={t('vendor.webhook_made')} lead={t('vendor.webhook_made_lead')} value={secret} onClose={() => setSecret(null)} />
      ) : null}
    </>
  )
}

const LOOK: Record<string, State> = { waiting: 'waiting', delivered: 'done', given_up: 'failed' }

function Hook({ webhook }: { webhook: Webhook }) {
  const [asking, setAsking] = useState(false)
  const client = useQueryClient()
  const path = { webhook: webhook.id }
  const { data } = useQuery({
    queryKey: ['deliveries', webhook.id],
    queryFn: ({ signal }) => api.get('/api/webhooks/{webhook}/deliveries', { signal, path }),
  })
  const remove = useMutation({
    mutationFn: () => api.delete('/api/webhooks/{webhook}', { path }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['webhooks'] }),
    onError: toast.error,
  })
  return (
    <Panel
      title={<span className="font-mono text-[14px] break-all">{webhook.url}</span>}
      end={
        <Button kind="quiet" size="sm" onClick={() => setAsking(true)}>
          {t('vendor.remove')}
        </Button>
      }
    >
      <p className="mb-3 text-[13.5px] text-ink-2">{webhook.kinds.length > 0 ? webhook.kinds.join(', ') : t('vendor.webhook_all')}</p>
      {data?.items.length === 0 ? <p className="text-[14px] text-ink-3">{t('vendor.deliveries_none')}</p> : null}
      <ul className="grid gap-1.5">
        {data?.items.slice(0, 8).map((delivery: Delivery) => (
          <li key={delivery.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 text-[13.5px]">
            <StatusPill state={LOOK[delivery.state] ?? 'queued'}>
              {optional(`vendor.delivery.${delivery.state}`) ?? delivery.state}
            </StatusPill>
            <span className="font-mono text-[12.5px]">{delivery.kind}</span>
            <span className="text-ink-3">{delivery.last_outcome}</span>
            <span className="ms-auto text-ink-3">{formatRelative(delivery.created_at)}</span>
          </li>
        ))}
      </ul>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => remove.mutate()}
        title={t('vendor.webhook_remove_title')}
        confirm={t('vendor.remove')}
        busy={remove.isPending}
      >
        {t('vendor.webhook_remove_text')}
      </ConfirmDialog>
    </Panel>
  )
}

function Add({ onClose, onDone }: { onClose: () => void; onDone: (secret: string) => void }) {
  const [url, setUrl] = useState('')
  const [kinds, setKinds] = useState('')
  const wanted = kinds
    .split(',')
    .map((kind) => kind.trim())
    .filter(Boolean)
  return (
    <FormDialog
      title={t('vendor.webhook_add')}
      lead={t('vendor.webhook_lead')}
      submit={t('vendor.webhook_add')}
      fields={['url', 'kinds']}
      onClose={onClose}
      send={() => api.post('/api/webhooks', { body: { url, kinds: wanted } })}
      onDone={(made) => onDone(made.secret)}
    >
      {(fieldError) => (
        <>
          <Field
            label={t('vendor.address')}
            type="url"
            required
            value={url}
            error={fieldError('url')}
            onChange={(event) => setUrl(event.target.value)}
          />
          <Field
            label={t('vendor.kinds')}
            hint={t('vendor.kinds_hint')}
            value={kinds}
            error={fieldError('kinds')}
            onChange={(event) => setKinds(event.target.value)}
          />
        </>
      )}
    </FormDialog>
  )
}
