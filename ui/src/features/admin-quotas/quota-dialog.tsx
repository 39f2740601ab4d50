import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import type { Limits, Quota, QuotaScope } from '@/api/types'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Field, Select } from '@/components/field'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { useSubjects } from './subjects'

const WEIGHT_MAX = 100
const FIELDS = ['tokens_per_day', 'requests_per_minute', 'weight']
const figure = (text: string) => (text.trim() === '' ? null : Number(text))
const shown = (value: number | null | undefined) => (value === null || value === undefined ? '' : String(value))
/** Turns are shared among organisations, and among the people of one. */
const hasWeight = (scope: QuotaScope) => scope === 'organisation' || scope === 'person'

/** One limit: for whom, and how much. */
export function QuotaDialog({ quota, onClose }: { quota: Quota | null; onClose: () => void }) {
  const { of, scopes, nameOf } = useSubjects()
  const [scope, setScope] = useState<QuotaScope>(quota?.scope ?? 'person')
  const [picked, setPicked] = useState(quota?.subject_id ?? '')
  const [tokens, setTokens] = useState(shown(quota?.tokens_per_day))
  const [requests, setRequests] = useState(shown(quota?.requests_per_minute))
  const [weight, setWeight] = useState(shown(quota?.weight ?? 1))
  const client = useQueryClient()
  const subject = scope === 'organisation' ? (of.organisation[0]?.[0] ?? '') : picked
  const name = nameOf(scope, subject)
  const save = useMutation({
    mutationFn: (body: Limits) => api.put('/api/admin/quotas/{scope}/{subject}', { path: { scope, subject }, body }),
    onSuccess: () => {
      toast.success(t('quotas.saved', { name }))
      onClose()
      return client.invalidateQueries({ queryKey: keys.quotas })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const share = hasWeight(scope) ? (figure(weight) ?? 1) : 1
    save.mutate({ tokens_per_day: figure(tokens), requests_per_minute: figure(requests), weight: share })
  }
  const wrong = (field: string) => (isApiError(save.error) ? save.error.field(field) : undefined)
  const pick = (next: QuotaScope) => {
    setScope(next)
    setPicked('')
  }
  return (
    <Dialog open onClose={onClose} size="sm" title={quota ? t('quotas.dialog_edit', { name }) : t('quotas.add')}>
      <form onSubmit={submit} className="grid gap-5">
        {quota ? null : (
          <>
            <Select
              label={t('quotas.scope')}
              value={scope}
              onChange={pick}
              items={scopes.map((item) => [item, t(`quotas.scope.${item}`)] as const)}
            />
            {scope === 'organisation' ? null : (
              <Select
                label={t('quotas.subject')}
                value={picked}
                onChange={setPicked}
                items={[['', t('quotas.subject_choose')], ...of[scope]]}
              />
            )}
          </>
        )}
        <Figure
          label={t('quotas.tokens')}
          hint={t('quotas.tokens_hint')}
          value={tokens}
          error={wrong('tokens_per_day')}
          onChange={setTokens}
        />
        <Figure
          label={t('quotas.requests')}
          hint={t('quotas.requests_hint')}
          value={requests}
          error={wrong('requests_per_minute')}
          onChange={setRequests}
        />
        {hasWeight(scope) ? (
          <Figure
            label={t('quotas.weight')}
            hint={t('quotas.weight_hint')}
            value={weight}
            max={WEIGHT_MAX}
            error={wrong('weight')}
            onChange={setWeight}
          />
        ) : null}
        <FormError error={save.error} fields={FIELDS} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={subject === '' || save.isPending}>
            {t('quotas.save')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

type FigureProps = { label: string; hint: string; value: string; max?: number; error?: string; onChange: (value: string) => void }
const Figure = ({ label, hint, value, max, error, onChange }: FigureProps) => (
  <Field
    label={label}
    hint={hint}
    type="number"
    min={1}
    max={max}
    step={1}
    inputMode="numeric"
    value={value}
    error={error}
    onChange={(event) => onChange(event.target.value)}
  />
)
