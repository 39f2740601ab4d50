import { MemoryStick } from 'lucide-react'
import type { ModelRuntime } from '@/api/types'
import { type Part, StackBar } from '@/components/meter'
import { Panel } from '@/components/page'
import { Bone } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { formatBytes } from '@/lib/i18n/format'

const TONES = ['bg-brand-fill', 'bg-violet', 'bg-cyan', 'bg-success', 'bg-info'] as const

/** A model that is not loaded, as it would stand in the bar. */
export type Preview = { title: string; bytes: number }

/** Who holds the memory that models may take, what is free, and what one more model would take. */
export function MemoryPanel({ runtime, preview }: { runtime: ModelRuntime | undefined; preview: Preview | null }) {
  return (
    <Panel
      title={t('models.memory')}
      icon={MemoryStick}
      i={1}
      end={
        runtime ? (
          <span className="font-mono text-[13px] text-ink-2 tabular-nums">
            {t('models.memory_end', { used: formatBytes(runtime.memory.used_bytes), all: formatBytes(runtime.memory.budget_bytes) })}
          </span>
        ) : null
      }
    >
      {runtime ? (
        <Bar runtime={runtime} preview={preview} />
      ) : (
        <div className="grid gap-3">
          <Bone className="h-11 w-full" />
          <Bone className="h-4 w-3/4" />
          <Bone className="h-4 w-2/3" />
        </div>
      )}
    </Panel>
  )
}

function Bar({ runtime, preview }: { runtime: ModelRuntime; preview: Preview | null }) {
  const { memory, disk } = runtime
  const loaded: Part[] = runtime.models
    .filter((model) => model.state === 'ready' || model.state === 'loading')
    .map((model, index) => ({ label: model.title, value: model.memory_bytes, tone: TONES[index % TONES.length] ?? TONES[0] }))
  const taken = loaded.reduce((sum, part) => sum + part.value, 0)
  const others = Math.max(0, memory.budget_bytes - taken - memory.free_bytes)
  const parts: Part[] = [...loaded]
  if (others > 0) parts.push({ label: t('models.memory_others'), value: others, tone: 'bg-ink-3/45' })
  // What does not fit is drawn as far as there is room; its figure tells the rest.
  const if_loaded = preview ? { label: t('models.memory_if', { model: preview.title }), value: preview.bytes, tone: 'hatch' } : null
  return (
    <>
      <StackBar
        label={t('models.memory')}
        parts={parts}
        max={memory.budget_bytes}
        rest={t('models.memory_free')}
        preview={if_loaded}
        format={formatBytes}
      />
      <p className="mt-4 text-[13px] text-ink-2">
        {t('models.memory_note', { budget: formatBytes(memory.budget_bytes), total: formatBytes(memory.total_bytes) })}
      </p>
      <p className="mt-1 text-[13px] text-ink-2">
        {t('models.disk', { used: formatBytes(disk.used_bytes), free: formatBytes(disk.free_bytes) })}
      </p>
    </>
  )
}
