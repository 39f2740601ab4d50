import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Check, Usb, X } from 'lucide-react'
import { modelQueries } from '@/api/model-queries'
import type { KnownModel } from '@/api/types'
import { Button } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { Switch } from '@/components/field'
import { Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { formatBytes, formatCompact } from '@/lib/i18n/format'
import { verdictText } from './verdict'

const SHOWN_FIRST = 8

/** Well-known open models with what this machine makes of each form of their files. */
export function KnownModels() {
  const { fits, known } = useSearch({ from: '/app/admin/models' })
  const navigate = useNavigate()
  const { data, error, refetch } = useQuery(modelQueries.known())
  const only = fits === '1'
  const show = (next: { fits?: string; known?: string }) =>
    void navigate({ to: '/admin/models', search: next, replace: true, resetScroll: false })
  const items = data?.items.filter((model) => !only || model.options.some((option) => option.verdict.fits))
  const shown = known === 'all' ? items : items?.slice(0, SHOWN_FIRST)
  return (
    <Panel
      title={t('known.title')}
      icon={Usb}
      className="mt-6"
      pad={false}
      end={<Switch label={t('known.fitting')} checked={only} onChange={(on) => show({ ...(on ? { fits: '1' } : {}), known })} />}
    >
      <p className="max-w-[84ch] px-5 pb-4 text-[14px] text-ink-2">{t('known.lead')}</p>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={4} className="p-5" />}
      {items?.length === 0 ? <p className="px-5 pb-5 text-[14px]">{t('known.none')}</p> : null}
      <ul aria-label={t('known.list')} className="divide-y divide-line border-t border-line empty:border-0">
        {shown?.map((model) => (
          <Row key={model.name} model={model} />
        ))}
      </ul>
      {items && shown && shown.length < items.length ? (
        <div className="border-t border-line p-4 text-center">
          <Button kind="outline" size="sm" onClick={() => show({ fits, known: 'all' })}>
            {t('known.all', { count: items.length })}
          </Button>
        </div>
      ) : null}
    </Panel>
  )
}

function Row({ model }: { model: KnownModel }) {
  // The finest form that fits; where none does, the smallest says by how much.
  const best = model.options.findLast((option) => option.verdict.fits) ?? model.options[0]
  const others = model.options.filter((option) => option !== best)
  return (
    <li className="grid items-start gap-x-6 gap-y-3 px-5 py-4 lg:grid-cols-[minmax(0,1fr)_minmax(0,1fr)]">
      <div>
        <h3 className="flex flex-wrap items-center gap-x-2.5 gap-y-1 text-[15px] font-semibold">
          {model.name}
          <span
            className={`rounded-full px-2 py-0.5 text-[12px] font-medium ${model.licence_is_permissive ? 'bg-surface-2 text-ink-2' : 'bg-warn/13 text-warn'}`}
          >
            {model.licence_is_permissive ? model.licence : `${model.licence}, ${t('known.asks')}`}
          </span>
        </h3>
        <p className="mt-0.5 text-[13.5px] text-ink-2">{model.summary}</p>
        <p className="mt-0.5 text-[12.5px] text-ink-3">
          {t('known.row', {
            publisher: model.publisher,
            parameters: formatCompact(model.parameters),
            context: model.context_length,
          })}
        </p>
      </div>
      {best ? (
        <div className="text-[13px]">
          <Option option={best} />
          {others.length > 0 ? (
            <details className="mt-1.5">
              <summary className="cursor-pointer text-[12.5px] text-ink-3">{t('known.options', { count: model.options.length })}</summary>
              <ul className="mt-1.5 grid gap-1.5">
                {others.map((option) => (
                  <li key={option.quantisation}>
                    <Option option={option} />
                  </li>
                ))}
              </ul>
            </details>
          ) : null}
        </div>
      ) : null}
    </li>
  )
}

function Option({ option }: { option: KnownModel['options'][number] }) {
  const { fits } = option.verdict
  const Icon = fits ? Check : X
  return (
    <p className="flex items-baseline gap-2.5" title={option.verdict.sentence}>
      <Icon size={14} strokeWidth={2.6} className={`shrink-0 translate-y-0.5 ${fits ? 'text-success' : 'text-warn'}`} aria-hidden="true" />
      <span className="w-36 shrink-0 font-mono text-[12.5px]">
        {t('known.option', { quantisation: option.quantisation, size: formatBytes(option.size_bytes) })}
      </span>
      <span className={fits ? 'text-ink-2' : 'text-ink-3'}>{verdictText(option.verdict)}</span>
    </p>
  )
}
