import '@/lib/i18n/en/portal-vendor'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/components/button'
import type { Column } from '@/components/datatable'
import { ConfirmDialog } from '@/components/dialog'
import { PageHeader } from '@/components/page'
import { StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatMoney } from '@/lib/i18n/format'
import { api, type Plan } from '../api/client'
import { Listing } from '../parts/listing'
import { useCan } from '../session'
import { PlanForm } from './plan-form'

/** What is sold, and on what terms. */
export default function Plans() {
  const manage = useCan('catalogue.manage')
  const [adding, setAdding] = useState(false)
  const [archiving, setArchiving] = useState<Plan | null>(null)
  const client = useQueryClient()
  const archive = useMutation({
    mutationFn: (plan: string) => api.post('/api/plans/{plan}/archive', { path: { plan } }),
    onSuccess: () => {
      setArchiving(null)
      return client.invalidateQueries({ queryKey: ['plans'] })
    },
    onError: toast.error,
  })
  const columns: Column<Plan>[] = [
    {
      key: 'name',
      head: t('portal.plan'),
      wide: true,
      cell: (row) => (
        <>
          <b className="font-semibold">{row.name}</b>
          <span className="block font-mono text-[12px] text-ink-3">{row.code}</span>
        </>
      ),
    },
    { key: 'kind', head: t('portal.kind'), cell: (row) => t(`portal.kind.${row.terms.kind}`), hide: true },
    { key: 'edition', head: t('portal.edition'), cell: (row) => row.terms.edition, hide: true },
    {
      key: 'price',
      head: t('vendor.price'),
      end: true,
      cell: (row) => t(`vendor.price_per.${row.price.unit}`, { amount: formatMoney(row.price.unit_amount_minor, row.price.currency) }),
    },
    {
      key: 'sale',
      head: t('vendor.on_sale'),
      end: true,
      cell: (row) =>
        row.archived_at ? (
          <StatusPill state="paused">{t('vendor.archived')}</StatusPill>
        ) : manage ? (
          <Button kind="quiet" size="sm" onClick={() => setArchiving(row)}>
            {t('vendor.archive')}
          </Button>
        ) : (
          <StatusPill state="done">{t('vendor.yes')}</StatusPill>
        ),
    },
  ]
  return (
    <>
      <PageHeader
        title={t('portal.nav.plans')}
        actions={
          manage ? (
            <Button onClick={() => setAdding(true)}>
              <Plus size={17} aria-hidden="true" />
              {t('vendor.plan_add')}
            </Button>
          ) : null
        }
      >
        {t('vendor.plans_lead')}
      </PageHeader>
      <Listing
        label={t('portal.nav.plans')}
        queryKey={['plans']}
        read={(cursor, signal) => api.get('/api/plans', { signal, query: { cursor } })}
        columns={columns}
        empty={{ title: t('vendor.plans_none'), text: t('vendor.plans_none_text') }}
      />
      {adding ? <PlanForm onClose={() => setAdding(false)} onDone={() => void client.invalidateQueries({ queryKey: ['plans'] })} /> : null}
      <ConfirmDialog
        open={archiving !== null}
        onClose={() => setArchiving(null)}
        onConfirm={() => archiving && archive.mutate(archiving.id)}
        title={t('vendor.archive_title', { name: archiving?.name ?? '' })}
        confirm={t('vendor.archive')}
        busy={archive.isPending}
      >
        {t('vendor.archive_text')}
      </ConfirmDialog>
    </>
  )
}
