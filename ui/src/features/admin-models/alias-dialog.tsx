import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { modelQueries } from '@/api/model-queries'
import { keys } from '@/api/queries'
import type { Alias, Model } from '@/api/types'
import { Button } from '@/components/button'
import { Dialog } from '@/components/dialog'
import { ErrorState, FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { RowsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'

/** Names such as `default` that lead to a model, whichever it is at the time. */
export function AliasDialog({ model, onClose }: { model: Model; onClose: () => void }) {
  const { data, error, refetch } = useQuery(modelQueries.aliases())
  const [name, setName] = useState('')
  const client = useQueryClient()
  const set = useMutation({
    mutationFn: ({ alias, to }: { alias: string; to: string | null }) =>
      api.put('/api/admin/models/aliases/{alias}', { path: { alias }, body: { model: to } }),
    onSuccess: () => {
      setName('')
      return client.invalidateQueries({ queryKey: keys.models })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    set.mutate({ alias: name.trim(), to: model.name })
  }
  return (
    <Dialog open onClose={onClose} title={t('models.alias_title', { model: model.title })} lead={t('models.alias_lead')}>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={3} />}
      <ul className="divide-y divide-line">
        {data?.items.map((alias) => (
          <Row key={alias.alias} alias={alias} model={model} busy={set.isPending} onSet={(to) => set.mutate({ alias: alias.alias, to })} />
        ))}
      </ul>
      <form onSubmit={submit} className="mt-4 flex items-end gap-2.5">
        <Field
          label={t('models.alias_new')}
          className="min-w-0 flex-1"
          value={name}
          maxLength={64}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setName(event.target.value)}
        />
        <Button type="submit" kind="outline" className="h-12" disabled={name.trim() === '' || set.isPending}>
          {t('models.alias_add')}
        </Button>
      </form>
      {set.error ? (
        <div className="mt-3">
          <FormError error={set.error} />
        </div>
      ) : null}
    </Dialog>
  )
}

type RowProps = { alias: Alias; model: Model; busy: boolean; onSet: (to: string | null) => void }
function Row({ alias, model, busy, onSet }: RowProps) {
  const here = alias.model === model.name
  const where =
    alias.model === null ? t('models.alias_nowhere') : here ? t('models.alias_here') : t('models.alias_there', { model: alias.model })
  return (
    <li className="flex min-h-13 flex-wrap items-center gap-x-3 gap-y-1 py-1.5 text-[14px]">
      <span className="min-w-0 flex-1">
        <b className="font-mono text-[13.5px] font-medium">{alias.alias}</b>
        <span className="block text-[13px] text-ink-2">{alias.is_set ? where : `${where}, ${t('models.alias_node')}`}</span>
      </span>
      {here && alias.is_set ? (
        <Button
          kind="quiet"
          size="sm"
          disabled={busy}
          aria-label={t('models.alias_forget_of', { alias: alias.alias })}
          onClick={() => onSet(null)}
        >
          {t('models.alias_forget')}
        </Button>
      ) : (
        <Button
          kind="outline"
          size="sm"
          disabled={busy}
          aria-label={t('models.alias_lead_here_of', { alias: alias.alias, model: model.title })}
          onClick={() => onSet(model.name)}
        >
          {t('models.alias_lead_here')}
        </Button>
      )}
    </li>
  )
}
