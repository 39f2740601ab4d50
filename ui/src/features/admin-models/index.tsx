import '@/lib/i18n/en/admin'
import { useQuery } from '@tanstack/react-query'
import { HardDriveUpload } from 'lucide-react'
import { queries } from '@/api/queries'
import { useCanNode } from '@/api/session'
import { Command } from '@/components/command'
import { ErrorState } from '@/components/error-state'
import { PageHeader, Panel } from '@/components/page'
import { Bone, CardsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { formatBytes } from '@/lib/i18n/format'
import { MemoryPanel } from './memory'
import { ModelCard } from './model-card'

/** Between two looks at a model that is loading, should its events be missed. */
const LOADING_POLL_MS = 2_000

/** The models of the node: what is there, what is loaded, and how to bring more without a network. */
export default function Models() {
  const manage = useCanNode('models.manage')
  const observe = useCanNode('node.observe')
  const models = useQuery({
    ...queries.models(),
    refetchInterval: (query) => (query.state.data?.items.some((model) => model.state === 'loading') ? LOADING_POLL_MS : false),
  })
  const node = useQuery({ ...queries.node(), enabled: observe })
  const items = models.data?.items ?? []
  const noLarge = models.data !== undefined && !items.some((model) => model.suitable_for_auto)
  return (
    <>
      <PageHeader title={t('models.title')}>{manage ? t('models.lead') : `${t('models.lead')} ${t('models.read_only')}`}</PageHeader>
      <div className={`grid grid-cols-[minmax(0,1fr)] items-start gap-4 ${observe ? 'xl:grid-cols-[minmax(0,1.35fr)_minmax(0,1fr)]' : ''}`}>
        <Panel title={t('models.import')} icon={HardDriveUpload} className={noLarge ? 'beam' : ''}>
          {noLarge ? (
            <p className="mb-4 text-[14.5px]">
              <b className="font-semibold">{t('models.no_large')}.</b> <span className="text-ink-2">{t('models.no_large_text')}</span>
            </p>
          ) : null}
          <p className="mb-3 text-[14px] text-ink-2">{t('models.import_lead')}</p>
          <Command text="guildhall models import FILE.gguf --data-dir DIR" />
          <p className="mt-3 text-[14px] text-ink-2">{t('models.import_after')}</p>
          {observe ? (
            <p className="mt-4 min-h-[57px] border-t border-line pt-4 text-[13.5px] text-ink-2 max-sm:min-h-[78px]">
              <b className="font-semibold text-ink">{t('models.import_which')}</b>{' '}
              {node.data ? t('models.import_hint', { memory: formatBytes(node.data.memory_bytes) }) : <Bone className="mt-2 h-3.5 w-4/5" />}
            </p>
          ) : null}
        </Panel>
        {observe ? <MemoryPanel models={items} all={node.data?.memory_bytes} /> : null}
      </div>
      <h2 className="mt-8 mb-3 px-1 font-display text-[20px] font-semibold tracking-[-.02em]">{t('models.on_node')}</h2>
      {models.error ? <ErrorState error={models.error} onRetry={() => void models.refetch()} /> : null}
      {models.data || models.error ? null : <CardsSkeleton cards={2} className="sm:grid-cols-2" />}
      <ul className="grid gap-4 lg:grid-cols-2 2xl:grid-cols-3">
        {items.map((model, index) => (
          <ModelCard key={model.id} model={model} manage={manage} i={index + 2} />
        ))}
      </ul>
    </>
  )
}
