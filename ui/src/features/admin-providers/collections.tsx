import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { BookOpen, FileText, TriangleAlert } from 'lucide-react'
import { api } from '@/api/client'
import { providerQueries } from '@/api/provider-queries'
import { keys } from '@/api/queries'
import type { Collections as CollectionList, CollectionView } from '@/api/types'
import { Select } from '@/components/field'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatNumber } from '@/lib/i18n/format'
import { sentence } from '@/lib/sentence'
import { ListPanel } from './list-panel'

/** What employees search, and which model reads it. */
export function Collections() {
  const list = useQuery(providerQueries.collections())
  return (
    <ListPanel
      title={t('providers.tab.collections')}
      lead={t('collections.lead')}
      query={list}
      row={(item) => <Row key={item.collection} item={item} choices={list.data?.choices ?? []} />}
    />
  )
}

function Row({ item, choices }: { item: CollectionView; choices: CollectionList['choices'] }) {
  const client = useQueryClient()
  const choose = useMutation({
    mutationFn: (model: string) =>
      api.put('/api/admin/collections/{collection}', { path: { collection: item.collection }, body: { model } }),
    onError: toast.error,
    onSettled: () => client.invalidateQueries({ queryKey: keys.collections }),
  })
  const Icon = item.collection === 'handbook' ? BookOpen : FileText
  const name = t(`collections.name.${item.collection}`)
  const known = choices.some((choice) => choice.model === item.chosen)
  const items = choices.map(
    (choice) => [choice.model, choice.is_outside ? t('collections.outside', { title: choice.title }) : choice.title] as const,
  )
  const outside = choices.find((choice) => choice.model === item.active)?.is_outside ?? false
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-3 px-5 py-4">
      <Icon size={20} className="shrink-0 text-brand" aria-hidden="true" />
      <div className="min-w-0 flex-1 basis-[240px]">
        <p className="text-[15px] font-medium">{name}</p>
        <p className="text-[13px] text-ink-2">{facts(item)}</p>
        {outside ? <p className="text-[13px] text-warn">{t('collections.leaves')}</p> : null}
        {item.state === 'failed' && item.error ? (
          <p role="alert" className="mt-1 flex items-start gap-1.5 text-[13px] text-danger">
            <TriangleAlert size={14} className="mt-0.5 shrink-0" aria-hidden="true" />
            {t('collections.failed', { model: item.chosen, reason: sentence(item.error) })}
          </p>
        ) : null}
        {item.state === 'rebuilding' ? <Progress item={item} name={name} /> : null}
      </div>
      <Select
        bare
        className="w-full sm:w-80"
        label={t('collections.model_of', { name })}
        value={item.chosen}
        disabled={choose.isPending}
        onChange={(model) => choose.mutate(model)}
        items={known ? items : [[item.chosen, item.chosen] as const, ...items]}
      />
    </li>
  )
}

function facts(item: CollectionView): string {
  if (item.collection === 'files') return t('collections.read_anew', { model: item.active })
  return item.dimension === null
    ? t('collections.read_by', { model: item.active })
    : t('collections.vectors', { model: item.active, count: formatNumber(item.vectors), dimension: item.dimension })
}

function Progress({ item, name }: { item: CollectionView; name: string }) {
  const share = item.total > 0 ? item.done / item.total : 0
  return (
    <div className="mt-2">
      <div
        role="progressbar"
        aria-label={t('collections.progress', { name })}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(share * 100)}
        className="h-2 max-w-md overflow-hidden rounded-full bg-surface-2"
      >
        <div
          className="h-full origin-left rounded-full bg-linear-to-r from-brand-fill to-violet transition-transform duration-300 rtl:origin-right"
          style={{ transform: `scaleX(${share})` }}
        />
      </div>
      <p className="mt-1 text-[12.5px] text-ink-2 tabular-nums">
        {t('collections.rebuilding', { model: item.chosen, done: formatNumber(item.done), total: formatNumber(item.total) })}
      </p>
    </div>
  )
}
