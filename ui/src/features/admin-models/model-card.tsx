import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Cpu, Ellipsis, Gauge, HardDrive, type LucideIcon, MemoryStick, Search, Trash2, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import type { Model } from '@/api/types'
import { IconButton } from '@/components/button'
import { CopyButton } from '@/components/copy'
import { ConfirmDialog } from '@/components/dialog'
import { Menu, MenuItem } from '@/components/menu'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatBytes, formatCompact, formatNumber } from '@/lib/i18n/format'
import { sentence } from '@/lib/sentence'
import { ModelSwitch } from './model-switch'

const TONES: Record<Model['state'], string> = {
  ready: 'bg-cyan/14 text-cyan',
  loading: 'bg-warn/13 text-warn',
  unloaded: 'bg-surface-2 text-ink-3',
  failed: 'bg-danger/10 text-danger',
}

/** One model: what it is, what it costs in memory, how fast it is, and its state with the next step. */
export function ModelCard({ model, manage, i }: { model: Model; manage: boolean; i: number }) {
  const Icon = model.kind === 'embedding' ? Search : Cpu
  return (
    <li className="panel lift flex flex-col p-5" style={{ '--i': i }}>
      <div className="flex items-start gap-3">
        <span className={`grid size-11 shrink-0 place-items-center rounded-[14px] transition-colors ${TONES[model.state]}`}>
          <Icon size={21} aria-hidden="true" />
        </span>
        <div className="min-w-0 flex-1">
          <h3 className="truncate text-[16px] leading-snug font-semibold">{model.title}</h3>
          <p className="truncate text-[13px] text-ink-2">
            {t(`models.kind.${model.kind}`)}, {model.architecture} {model.quantisation}
          </p>
        </div>
        {manage && !model.built_in ? <Actions model={model} /> : null}
      </div>
      <p className="mt-3 flex flex-wrap gap-2 text-[12px] font-medium empty:hidden">
        {model.suitable_for_auto ? <span className="rounded-full bg-brand-soft px-2.5 py-0.5 text-brand">{t('models.best')}</span> : null}
        {model.built_in ? <span className="rounded-full bg-surface-2 px-2.5 py-0.5 text-ink-2">{t('models.built_in')}</span> : null}
      </p>
      <Facts model={model} />
      <Fingerprint model={model} />
      {model.error ? (
        <p className="mt-3 flex items-start gap-2 rounded-[14px] bg-danger/8 px-3.5 py-3 text-[13.5px] text-danger">
          <TriangleAlert size={16} className="mt-0.5 shrink-0" aria-hidden="true" />
          {sentence(model.error.message)}
        </p>
      ) : null}
      <ModelSwitch model={model} manage={manage} />
    </li>
  )
}

function Facts({ model }: { model: Model }) {
  const speed = model.tokens_per_second
  const facts: [LucideIcon, string, string][] = [
    model.memory_bytes === null
      ? [HardDrive, formatBytes(model.size_bytes), t('models.file')]
      : [MemoryStick, formatBytes(model.memory_bytes), t('models.memory_short')],
    [Cpu, formatCompact(model.parameters), t('models.parameters')],
    ...(speed === null ? [] : [[Gauge, formatNumber(speed), t('models.speed')] satisfies [LucideIcon, string, string]]),
  ]
  return (
    <ul className="mt-4 grid grid-cols-3 gap-2 text-[12.5px] text-ink-2">
      {facts.map(([Icon, value, label]) => (
        <li key={label} className="min-w-0">
          <b className="flex items-center gap-1.5 font-mono text-[14px] font-medium text-ink tabular-nums">
            <Icon size={14} className="shrink-0 text-ink-3" aria-hidden="true" />
            <span className="truncate">{value}</span>
          </b>
          {label}
        </li>
      ))}
    </ul>
  )
}

function Fingerprint({ model }: { model: Model }) {
  return (
    <div className="mt-3 grid grid-cols-[minmax(0,1fr)] gap-0.5 text-[12.5px] text-ink-3">
      <p>
        {model.licence ?? t('models.licence_unknown')}, {t('models.context', { tokens: model.context_length })}
      </p>
      <div className="flex items-center gap-1">
        <p className="min-w-0 flex-1 truncate font-mono text-[12px]" title={model.sha256}>
          {t('models.sha256')} {model.sha256}
        </p>
        <CopyButton text={model.sha256} label={t('models.copy_hash', { model: model.title })} />
      </div>
    </div>
  )
}

function Actions({ model }: { model: Model }) {
  const [asking, setAsking] = useState(false)
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => api.delete('/api/admin/models/{id}', { path: { id: model.id } }),
    onSuccess: () => {
      toast.success(t('models.removed', { model: model.title }))
      return Promise.all([client.invalidateQueries({ queryKey: keys.models }), client.invalidateQueries({ queryKey: keys.node })])
    },
    onError: toast.error,
    onSettled: () => setAsking(false),
  })
  const label = t('models.actions', { model: model.title })
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
        <MenuItem icon={Trash2} danger onClick={() => setAsking(true)}>
          {t('models.remove')}
        </MenuItem>
      </Menu>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => remove.mutate()}
        title={t('models.remove_title', { model: model.title })}
        confirm={t('models.remove')}
        busy={remove.isPending}
      >
        {t('models.remove_text', { size: formatBytes(model.size_bytes) })}
      </ConfirmDialog>
    </>
  )
}
