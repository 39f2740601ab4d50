import { MemoryStick } from 'lucide-react'
import type { Model } from '@/api/types'
import { type Part, StackBar } from '@/components/meter'
import { Panel } from '@/components/page'
import { Bone } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { formatBytes } from '@/lib/i18n/format'

const TONES = ['bg-brand-fill', 'bg-violet', 'bg-cyan', 'bg-success', 'bg-info'] as const

/** Who holds the memory of the machine. `all` is in bytes; undefined while it is being read. */
export function MemoryPanel({ models, all }: { models: Model[]; all: number | undefined }) {
  const parts: Part[] = models
    .filter((model) => model.memory_bytes !== null)
    .map((model, index) => ({ label: model.title, value: model.memory_bytes ?? 0, tone: TONES[index % TONES.length] ?? TONES[0] }))
  const used = parts.reduce((sum, part) => sum + part.value, 0)
  return (
    <Panel
      title={t('models.memory')}
      icon={MemoryStick}
      i={1}
      end={
        all === undefined ? null : (
          <span className="text-[13px] text-ink-2 tabular-nums">
            {used === 0 ? formatBytes(all) : t('models.memory_end', { used: formatBytes(used), all: formatBytes(all) })}
          </span>
        )
      }
    >
      {all === undefined ? (
        <div className="grid gap-3">
          <Bone className="h-11 w-full" />
          <Bone className="h-4 w-3/4" />
        </div>
      ) : (
        <StackBar label={t('models.memory')} parts={parts} max={all} rest={t('models.memory_free')} format={formatBytes} />
      )}
      {parts.length === 0 && all !== undefined ? <p className="mt-3 text-[13.5px] text-ink-2">{t('models.memory_none')}</p> : null}
    </Panel>
  )
}
