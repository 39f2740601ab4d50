import { useMutation, useQueryClient } from '@tanstack/react-query'
import { LoaderCircle } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import type { Model } from '@/api/types'
import { announce } from '@/components/announcer'
import { Button } from '@/components/button'
import { type State, StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import type { Preview } from './memory'

const PILLS: Record<Model['state'], State> = { ready: 'running', loading: 'waiting', unloaded: 'queued', failed: 'failed' }

/** The state of a model and the button to its next one. */
type SwitchProps = { model: Model; manage: boolean; onPreview: (preview: Preview | null) => void }
export function ModelSwitch({ model, manage, onPreview }: SwitchProps) {
  const client = useQueryClient()
  useLoadedNotice(model)
  const change = useMutation({
    mutationFn: (to: 'load' | 'unload') =>
      to === 'load'
        ? api.post('/api/admin/models/{id}/load', { path: { id: model.id } })
        : api.post('/api/admin/models/{id}/unload', { path: { id: model.id } }),
    onError: toast.error,
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: keys.models }), client.invalidateQueries({ queryKey: keys.node })]),
  })
  const loading = model.state === 'loading' || (change.isPending && change.variables === 'load')
  return (
    <div className="mt-auto pt-4">
      {loading ? (
        <div className="mb-3">
          <div
            role="progressbar"
            aria-label={t('models.load_of', { model: model.title })}
            className="moving h-1.5 rounded-full bg-warn/25"
          />
          {model.state_detail ? <p className="mt-1.5 text-[12.5px] text-ink-2">{model.state_detail}</p> : null}
        </div>
      ) : null}
      <div className="flex items-center gap-2.5 border-t border-line pt-4">
        <StatusPill state={loading ? 'waiting' : PILLS[model.state]}>{t(`models.state.${loading ? 'loading' : model.state}`)}</StatusPill>
        <span className="truncate text-[13px] text-ink-3">{note(model)}</span>
        {manage && model.kind !== 'adapter' ? (
          <Change model={model} loading={loading} busy={change.isPending} onChange={change.mutate} onPreview={onPreview} />
        ) : null}
      </div>
    </div>
  )
}

function note(model: Model): string {
  if (model.running + model.waiting > 0) return t('models.busy', { running: model.running, waiting: model.waiting })
  return model.kind === 'embedding' ? '' : t('models.used_by', { count: model.used_by })
}

type ChangeProps = Pick<SwitchProps, 'model' | 'onPreview'> & {
  loading: boolean
  busy: boolean
  onChange: (to: 'load' | 'unload') => void
}
function Change({ model, loading, busy, onChange, onPreview }: ChangeProps) {
  if (model.state === 'ready') {
    return (
      <Button
        kind="outline"
        size="sm"
        className="ms-auto"
        aria-label={t('models.unload_of', { model: model.title })}
        onClick={() => onChange('unload')}
        disabled={busy}
      >
        {t('models.unload')}
      </Button>
    )
  }
  const failed = model.state === 'failed'
  const preview = () => onPreview({ title: model.title, bytes: model.verdict?.needs_bytes ?? model.size_bytes })
  return (
    <Button
      kind="soft"
      size="sm"
      className="ms-auto"
      aria-label={t(failed ? 'models.retry_of' : 'models.load_of', { model: model.title })}
      onClick={() => onChange('load')}
      onPointerEnter={preview}
      onPointerLeave={() => onPreview(null)}
      onFocus={preview}
      onBlur={() => onPreview(null)}
      disabled={busy || loading || model.needs_acceptance}
    >
      {loading ? <LoaderCircle size={15} className="animate-spin" aria-hidden="true" /> : null}
      {t(failed ? 'models.retry' : 'models.load')}
    </Button>
  )
}

/** Says when a model that was seen loading is loaded, or did not load. */
function useLoadedNotice(model: Model) {
  const before = useRef(model.state)
  useEffect(() => {
    if (before.current === 'loading' && model.state === 'ready') announce(t('models.loaded', { model: model.title }))
    if (before.current === 'loading' && model.state === 'failed') announce(t('models.error.load', { model: model.title }))
    before.current = model.state
  }, [model.state, model.title])
}
