import { AtSign, Cpu, Gauge, HardDrive, type LucideIcon, MemoryStick, Pin, Puzzle, Search, Timer, TriangleAlert } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import type { Model, UsageGroup } from '@/api/types'
import { Button } from '@/components/button'
import { CopyButton } from '@/components/copy'
import { t } from '@/lib/i18n'
import { formatBytes, formatDuration, formatNumber } from '@/lib/i18n/format'
import { sentence } from '@/lib/sentence'
import { BaseDialog } from './change-dialogs'
import type { Preview } from './memory'
import { ModelMenu } from './model-menu'
import { ModelSwitch } from './model-switch'
import { useChange } from './use-change'
import { VerdictLine } from './verdict'

const TONES: Record<Model['state'], string> = {
  ready: 'bg-cyan/14 text-cyan',
  loading: 'bg-warn/13 text-warn',
  unloaded: 'bg-surface-2 text-ink-3',
  failed: 'bg-danger/10 text-danger',
}

const ICONS: Record<Model['kind'], LucideIcon> = { generative: Cpu, embedding: Search, adapter: Puzzle }

type CardProps = {
  model: Model
  /** Title of the model that an adapter belongs to. */
  base: string | undefined
  /** Means over its answers so far; nothing before the first. */
  measured: UsageGroup | undefined
  manage: boolean
  i: number
  /** Shows in the memory bar what loading this model would take. */
  onPreview: (preview: Preview | null) => void
}

/** One model: what it is, what it costs in memory, how fast it is, and its state with the next step. */
export function ModelCard({ model, base, measured, manage, i, onPreview }: CardProps) {
  const Icon = ICONS[model.kind]
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
        {manage ? <ModelMenu model={model} /> : null}
      </div>
      <p className="mt-3 flex flex-wrap gap-2 text-[12px] font-medium empty:hidden">
        {model.suitable_for_auto ? <span className="rounded-full bg-brand-soft px-2.5 py-0.5 text-brand">{t('models.best')}</span> : null}
        {model.pinned ? <Tag icon={Pin}>{t('models.pinned')}</Tag> : null}
        {model.aliases.map((alias) => (
          <Tag key={alias} icon={AtSign} mono>
            {alias}
          </Tag>
        ))}
        {model.base_model ? <Tag icon={Puzzle}>{t('models.belongs_to', { model: base ?? model.base_model })}</Tag> : null}
        {model.built_in ? <Tag>{t('models.built_in')}</Tag> : null}
      </p>
      <Facts model={model} measured={measured} />
      <Fingerprint model={model} />
      {model.verdict && model.memory_bytes === null ? <VerdictLine verdict={model.verdict} /> : null}
      {model.error ? <Failure error={model.error} /> : null}
      {model.kind === 'adapter' && !model.base_model ? <Alone model={model} manage={manage} /> : null}
      {model.needs_acceptance ? <Acceptance model={model} manage={manage} /> : null}
      <ModelSwitch model={model} manage={manage} onPreview={onPreview} />
    </li>
  )
}

type TagProps = { icon?: LucideIcon; mono?: boolean; children: ReactNode }
const Tag = ({ icon: Icon, mono = false, children }: TagProps) => (
  <span className={`flex items-center gap-1 rounded-full bg-surface-2 px-2.5 py-0.5 text-ink-2 ${mono ? 'font-mono' : ''}`}>
    {Icon ? <Icon size={12} aria-hidden="true" /> : null}
    {children}
  </span>
)

function Failure({ error }: { error: NonNullable<Model['error']> }) {
  return (
    <div className="mt-3 rounded-[14px] bg-danger/8 px-3.5 py-3 text-[13.5px] text-danger">
      <p className="flex items-start gap-2">
        <TriangleAlert size={16} className="mt-0.5 shrink-0" aria-hidden="true" />
        {sentence(error.message)}
      </p>
      {error.last_words ? (
        <details className="mt-1.5 ps-6">
          <summary className="cursor-pointer">{t('models.last_words')}</summary>
          <pre className="mt-1.5 max-h-40 overflow-auto font-mono text-[12px] whitespace-pre-wrap text-ink-2">{error.last_words}</pre>
        </details>
      ) : null}
    </div>
  )
}

/** An adapter that belongs to no model, and the way to give it one. */
function Alone({ model, manage }: { model: Model; manage: boolean }) {
  const [asked, setAsked] = useState(false)
  return (
    <div className="mt-3 flex flex-wrap items-center gap-3 rounded-[14px] bg-warn/13 px-3.5 py-3 text-[13.5px] text-warn">
      <span className="min-w-0 flex-1 basis-52">{t('models.alone_text')}</span>
      {manage ? (
        <Button kind="outline" size="sm" onClick={() => setAsked(true)}>
          {t('models.alone_choose')}
        </Button>
      ) : null}
      {asked ? <BaseDialog model={model} onClose={() => setAsked(false)} /> : null}
    </div>
  )
}

function Acceptance({ model, manage }: { model: Model; manage: boolean }) {
  const change = useChange(model)
  return (
    <div className="mt-3 flex flex-wrap items-center gap-3 rounded-[14px] bg-warn/13 px-3.5 py-3 text-[13.5px] text-warn">
      <span className="min-w-0 flex-1">{t('models.accept_text', { licence: model.licence ?? t('models.licence_unknown') })}</span>
      {manage ? (
        <Button kind="outline" size="sm" disabled={change.isPending} onClick={() => change.mutate({ accept_license: true })}>
          {t('models.accept')}
        </Button>
      ) : null}
    </div>
  )
}

type Fact = [LucideIcon, string, string]
function Facts({ model, measured }: Pick<CardProps, 'model' | 'measured'>) {
  const speed = model.tokens_per_second ?? model.speed?.decode_tokens_per_second ?? measured?.tokens_per_second ?? null
  const first = measured?.first_token_ms_mean ?? null
  const file: Fact = [HardDrive, formatBytes(model.size_bytes), t('models.file')]
  const memory: Fact | null = model.memory_bytes === null ? null : [MemoryStick, formatBytes(model.memory_bytes), t('models.memory_short')]
  // Only what writes has a speed and a first token.
  const writing: Fact[] = [
    [Gauge, speed === null ? '–' : formatNumber(speed < 100 ? speed : Math.round(speed)), t('models.speed')],
    [Timer, first === null ? '–' : formatDuration(first), t('models.first')],
  ]
  const facts = model.kind === 'generative' ? [memory ?? file, ...writing] : memory ? [memory, file] : [file]
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
        {model.licence ?? t('models.licence_unknown')}
        {model.kind === 'adapter' ? null : `, ${t('models.context', { tokens: model.context_length })}`}
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
