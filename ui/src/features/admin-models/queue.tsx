import { useQuery } from '@tanstack/react-query'
import { ListOrdered } from 'lucide-react'
import { queries } from '@/api/queries'
import type { ModelRuntime, RunningModel } from '@/api/types'
import { Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { StatusPill } from '@/components/status'
import { t } from '@/lib/i18n'
import { formatDuration } from '@/lib/i18n/format'

/** Waiting people per model; a long queue is told by its length. */
const SHOWN_MAX = 6
/** Whole seconds, at least one: estimates are no more exact than that. */
const seconds = (ms: number) => formatDuration(Math.max(1_000, Math.round(ms / 1_000) * 1_000))

type Waiter = RunningModel['queue'][number]

/** Who is being answered and who waits, model by model, next one first. */
export function QueuePanel({ runtime }: { runtime: ModelRuntime | undefined }) {
  const busy = runtime?.models.filter((model) => model.running > 0 || model.queue.length > 0) ?? []
  return (
    <Panel title={t('queue.title')} icon={ListOrdered} i={2} end={<span className="text-[13px] text-ink-2">{t('queue.note')}</span>}>
      {runtime ? null : <RowsSkeleton rows={2} />}
      {runtime && busy.length === 0 ? <p className="text-[14px] text-ink-2">{t('queue.empty')}</p> : null}
      <ol className="grid gap-1">
        {busy.map((model) => (
          <Model key={model.model_id} model={model} />
        ))}
      </ol>
    </Panel>
  )
}

function Model({ model }: { model: RunningModel }) {
  return (
    <li>
      {model.running > 0 ? (
        <p className="flex min-h-11 items-center gap-3 text-[14px]">
          <span className="min-w-0 flex-1">
            <b className="font-medium">{t('queue.running', { count: model.running })}</b>{' '}
            <span className="text-ink-2">{t('queue.for', { model: model.title })}</span>
          </span>
          <StatusPill state="running">{t('queue.now')}</StatusPill>
        </p>
      ) : null}
      <ol className="grid gap-1">
        {model.queue.slice(0, SHOWN_MAX).map((waiter) => (
          <Row key={waiter.position} waiter={waiter} model={model.title} />
        ))}
      </ol>
      {model.queue.length > SHOWN_MAX ? (
        <p className="py-1.5 text-[13.5px] text-ink-2">{t('queue.more', { count: model.queue.length - SHOWN_MAX })}</p>
      ) : null}
    </li>
  )
}

function Row({ waiter, model }: { waiter: Waiter; model: string }) {
  const { data: team } = useQuery(queries.ves('active'))
  const employee = team?.items.find((ve) => ve.id === waiter.ve_id)?.persona_name
  const place = waiter.position === 1 ? t('queue.next') : t('queue.position', { position: waiter.position })
  const note = [employee ?? t('queue.for', { model }), waiter.background ? t('queue.background') : null].filter((part) => part !== null)
  return (
    <li className="flex min-h-11 items-center gap-3 text-[14px]">
      <span className="min-w-0 flex-1">
        <b className="font-medium">{waiter.person ?? t('queue.somebody')}</b> <span className="text-ink-2">{note.join(', ')}</span>
        <span className="block text-[12.5px] text-ink-3 tabular-nums">{t('queue.waited', { time: seconds(waiter.waiting_ms) })}</span>
      </span>
      <StatusPill state="queued">
        {waiter.estimate_ms === null ? place : t('queue.in', { place, time: seconds(waiter.estimate_ms) })}
      </StatusPill>
    </li>
  )
}
