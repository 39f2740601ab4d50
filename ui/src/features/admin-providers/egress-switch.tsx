import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Globe, type LucideIcon, Network, ShieldCheck } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { providerQueries } from '@/api/provider-queries'
import { keys } from '@/api/queries'
import type { EgressMode, EgressView } from '@/api/types'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { ErrorState, FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { Stat } from '@/components/page'
import { Bone } from '@/components/skeleton'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatBytes, formatDateTime, formatNumber, formatRelative } from '@/lib/i18n/format'

const MODES: readonly EgressMode[] = ['air_gapped', 'local_network', 'allowed']
const ICONS: Record<EgressMode, LucideIcon> = { air_gapped: ShieldCheck, local_network: Network, allowed: Globe }
const TONES: Record<EgressMode, string> = {
  air_gapped: 'bg-success/12 text-success',
  local_network: 'bg-info/12 text-info',
  allowed: 'bg-warn/13 text-warn',
}

/** The one switch that decides whether a connection may leave the node. Closing it works at once; opening it asks for a typed word. */
export function EgressSwitch() {
  const { data, error, refetch } = useQuery(providerQueries.egress())
  const [asked, setAsked] = useState<EgressMode | null>(null)
  const change = useSwitch(() => setAsked(null))
  const choose = (mode: EgressMode) => {
    if (!data || mode === data.mode) return
    if (mode === 'air_gapped') change.mutate({ mode, confirm: null })
    else setAsked(mode)
  }
  if (error && !data) return <ErrorState error={error} onRetry={() => void refetch()} />
  const Icon = ICONS[data?.mode ?? 'air_gapped']
  return (
    <section className="panel mb-6 p-5 sm:p-6" aria-labelledby="egress-title">
      <div className="flex flex-wrap items-start gap-x-5 gap-y-4">
        <span className={`grid size-16 shrink-0 place-items-center rounded-[20px] ${data ? TONES[data.mode] : 'bg-surface-2 text-ink-3'}`}>
          <Icon size={32} aria-hidden="true" />
        </span>
        <div className="min-w-0 flex-1 basis-[260px]">
          <h2 id="egress-title" className="text-[13.5px] font-medium text-ink-2">
            {t('egress.title')}
          </h2>
          {data ? (
            <>
              <p className="font-display text-[26px] leading-tight font-semibold tracking-[-.03em] text-balance" role="status">
                {t(`egress.now.${data.mode}`)}
              </p>
              <p className="mt-1 text-[13.5px] text-ink-2" title={data.changed_at ? formatDateTime(data.changed_at) : undefined}>
                {changedText(data)}
              </p>
            </>
          ) : (
            <Bone className="mt-2 h-8 w-72 max-w-full" />
          )}
        </div>
        {data ? <Counters view={data} /> : null}
      </div>
      <fieldset className="mt-5 grid gap-3 md:grid-cols-3" disabled={!data || data.locked || change.isPending}>
        <legend className="sr-only">{t('egress.title')}</legend>
        {MODES.map((mode) => (
          <Choice key={mode} mode={mode} on={data?.mode === mode} locked={data?.locked ?? false} onPick={() => choose(mode)} />
        ))}
      </fieldset>
      {data?.locked ? <p className="mt-3 text-[13.5px] text-ink-2">{t('egress.locked')}</p> : null}
      {data ? <Destinations view={data} /> : null}
      {asked ? <OpenDialog mode={asked} change={change} onClose={() => setAsked(null)} /> : null}
    </section>
  )
}

/** Who turned the switch last, and when. */
function changedText({ changed_at, changed_by }: EgressView): string {
  if (!changed_at) return t('egress.never_changed')
  const when = formatRelative(changed_at)
  return changed_by?.name ? t('egress.changed_by', { when, name: changed_by.name }) : t('egress.changed', { when })
}

type Change = ReturnType<typeof useSwitch>
function useSwitch(onDone: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: { mode: EgressMode; confirm: string | null }) => api.put('/api/admin/egress', { body }),
    onSuccess: ({ mode }) => {
      toast.success(t(`egress.switched.${mode}`))
      onDone()
      return Promise.all([
        client.invalidateQueries({ queryKey: keys.egress }),
        client.invalidateQueries({ queryKey: keys.providers }),
        client.invalidateQueries({ queryKey: keys.models }),
      ])
    },
    onError: (error, { confirm }) => (confirm === null ? toast.error(error) : undefined),
  })
}

type ChoiceProps = { mode: EgressMode; on: boolean; locked: boolean; onPick: () => void }
function Choice({ mode, on, locked, onPick }: ChoiceProps) {
  const Icon = ICONS[mode]
  const look = on ? 'border-brand bg-brand-soft/60 shadow-[inset_0_0_0_1px_var(--brand)]' : 'border-field hover:border-brand'
  return (
    <label
      className={`flex items-start gap-3.5 rounded-[18px] border p-4 transition-colors has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-brand ${look} ${locked ? 'opacity-70' : 'cursor-pointer'}`}
    >
      <input type="radio" name="egress" value={mode} checked={on} onChange={onPick} className="sr-only" />
      <Icon size={20} className={`mt-0.5 shrink-0 ${on ? 'text-brand' : 'text-ink-2'}`} aria-hidden="true" />
      <span>
        <span className="block text-[15px] font-semibold">{t(`egress.mode.${mode}`)}</span>
        <span className="mt-0.5 block text-[13px] text-ink-2">{t(`egress.note.${mode}`)}</span>
      </span>
    </label>
  )
}

function Counters({ view }: { view: EgressView }) {
  const sum = (of: (totals: EgressView['totals'][number]) => number) => view.totals.reduce((all, totals) => all + of(totals), 0)
  const calls = sum((totals) => totals.calls)
  const denied = sum((totals) => totals.denied)
  return (
    <dl className="flex flex-wrap gap-x-8 gap-y-3">
      <Stat value={formatNumber(calls)} label={t('egress.counter.calls')} />
      <Stat value={formatNumber(denied)} label={t('egress.counter.denied')} />
      <Stat value={formatNumber(sum((totals) => totals.failed))} label={t('egress.counter.failed')} />
      <Stat value={formatBytes(sum((totals) => totals.bytes_out))} label={t('egress.counter.out')} />
      <Stat value={formatBytes(sum((totals) => totals.bytes_in))} label={t('egress.counter.in')} />
    </dl>
  )
}

function Destinations({ view }: { view: EgressView }) {
  const open = view.destinations.filter((destination) => destination.open)
  if (open.length === 0) return null
  return (
    <div className="mt-5 border-t border-line pt-4">
      <h3 className="text-[13.5px] font-medium text-ink-2">{t('egress.destinations')}</h3>
      <ul className="mt-2 flex flex-wrap gap-2">
        {open.map((destination) => (
          <li key={destination.provider_id} className="rounded-full bg-surface-2 px-3 py-1 font-mono text-[12.5px]">
            {t('egress.destination', {
              provider: destination.provider,
              host: destination.host,
              port: String(destination.port),
            })}
            {destination.tls ? null : <span className="text-warn"> ({t('egress.unencrypted')})</span>}
          </li>
        ))}
      </ul>
    </div>
  )
}

/** Opening the switch is a decision, so it takes a typed word. */
function OpenDialog({ mode, change, onClose }: { mode: EgressMode; change: Change; onClose: () => void }) {
  const [typed, setTyped] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.mutate({ mode, confirm: typed.trim() })
  }
  return (
    <Dialog
      open
      onClose={onClose}
      size="sm"
      title={t('egress.open_title')}
      lead={t(mode === 'allowed' ? 'egress.open_text.allowed' : 'egress.open_text.local_network')}
    >
      <form onSubmit={submit} className="grid gap-4">
        <Field
          label={t('egress.open_field', { word: mode })}
          value={typed}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          onChange={(event) => setTyped(event.target.value)}
        />
        <FormError error={change.error} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" kind="danger" disabled={typed.trim() !== mode || change.isPending}>
            {t('egress.open_do')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
