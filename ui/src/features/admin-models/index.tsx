import '@/lib/i18n/en/models'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { modelQueries } from '@/api/model-queries'
import { queries } from '@/api/queries'
import { useCanNode } from '@/api/session'
import type { ModelRuntime } from '@/api/types'
import { usageQueries } from '@/api/usage-queries'
import { ErrorState } from '@/components/error-state'
import { PageHeader } from '@/components/page'
import { CardsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { ImportPanel } from './import-panel'
import { KnownModels } from './known'
import { MemoryPanel, type Preview } from './memory'
import { ModelCard } from './model-card'
import { QueuePanel } from './queue'

/** Between two looks at a model that is loading, should its events be missed. */
const LOADING_POLL_MS = 2_000
/** Between two looks at a queue: its estimates count down. */
const BUSY_POLL_MS = 1_000
const QUIET_POLL_MS = 15_000

const isBusy = (runtime: ModelRuntime | undefined) =>
  runtime?.models.some((model) => model.running > 0 || model.queue.length > 0 || model.state === 'loading') ?? false

/** The models of the node: what is there and loaded, who waits, and how to bring more without a network. */
export default function Models() {
  const manage = useCanNode('models.manage')
  const models = useQuery({
    ...queries.models(),
    refetchInterval: (query) => (query.state.data?.items.some((model) => model.state === 'loading') ? LOADING_POLL_MS : false),
  })
  const runtime = useQuery({
    ...modelQueries.runtime(),
    refetchInterval: (query) => (isBusy(query.state.data) ? BUSY_POLL_MS : QUIET_POLL_MS),
  })
  const measured = useQuery(usageQueries.groups({}, 'model'))
  const [hovered, setHovered] = useState<Preview | null>(null)
  const coming = useComing(manage)
  const items = models.data?.items ?? []
  const noLarge = models.data !== undefined && !items.some((model) => model.suitable_for_auto)
  return (
    <>
      <PageHeader title={t('models.title')}>{manage ? t('models.lead') : `${t('models.lead')} ${t('models.read_only')}`}</PageHeader>
      <div
        className={`grid grid-cols-[minmax(0,1fr)] items-start gap-4 ${manage ? 'xl:grid-cols-[minmax(0,1.35fr)_minmax(0,1fr)]' : 'lg:grid-cols-2'}`}
      >
        {manage ? <ImportPanel beam={noLarge} /> : null}
        <div className={manage ? 'grid grid-cols-[minmax(0,1fr)] gap-4' : 'contents'}>
          {runtime.error && !runtime.data ? (
            <ErrorState error={runtime.error} onRetry={() => void runtime.refetch()} />
          ) : (
            <>
              <MemoryPanel runtime={runtime.data} preview={hovered ?? coming} />
              <QueuePanel runtime={runtime.data} />
            </>
          )}
        </div>
      </div>
      <h2 className="mt-8 mb-3 px-1 font-display text-[20px] font-semibold tracking-[-.02em]">{t('models.on_node')}</h2>
      {models.error && !models.data ? <ErrorState error={models.error} onRetry={() => void models.refetch()} /> : null}
      {models.data || models.error ? null : <CardsSkeleton cards={2} className="sm:grid-cols-2" />}
      <ul className="grid grid-cols-[minmax(0,1fr)] gap-4 lg:grid-cols-2 2xl:grid-cols-3">
        {items.map((model, index) => (
          <ModelCard
            key={model.id}
            model={model}
            base={items.find((item) => item.name === model.base_model)?.title}
            measured={measured.data?.groups.find((group) => group.key === model.name)}
            manage={manage}
            i={index + 2}
            onPreview={setHovered}
          />
        ))}
      </ul>
      <KnownModels />
    </>
  )
}

/** The model that is being brought, as it would stand in the memory bar. */
function useComing(manage: boolean): Preview | null {
  const { data } = useQuery({ ...modelQueries.uploads(), enabled: manage })
  const upload = data?.items.findLast((item) => item.state !== 'refused' && item.verdict !== null)
  return upload?.verdict ? { title: upload.inspection?.title ?? upload.name, bytes: upload.verdict.needs_bytes } : null
}
