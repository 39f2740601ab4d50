import { useMutation, useQueryClient } from '@tanstack/react-query'
import { KeyRound, ShieldCheck, TimerReset } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { peopleQueries, type SecondFactorRule, type SecuritySettings } from '@/api/people-queries'
import { keys } from '@/api/queries'
import { Button } from '@/components/button'
import { ChoiceCards } from '@/components/choice-cards'
import { ConfirmDialog } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { Panel } from '@/components/page'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { durationWords } from './duration'

const RULES = ['optional', 'administrators', 'everyone'] as const
const STRICTNESS: Record<SecondFactorRule, number> = { optional: 0, administrators: 1, everyone: 2 }
const FIELDS = ['password_length_min', 'session_idle_minutes', 'session_max_hours']

type Draft = { length: string; idle: string; max: string; rule: SecondFactorRule }
const draftOf = (settings: SecuritySettings): Draft => ({
  length: String(settings.password_length_min),
  idle: String(settings.session_idle_minutes),
  max: String(settings.session_max_hours),
  rule: settings.second_factor,
})
const settingsOf = (draft: Draft): SecuritySettings => ({
  password_length_min: Number(draft.length),
  session_idle_minutes: Number(draft.idle),
  session_max_hours: Number(draft.max),
  second_factor: draft.rule,
})

/** The settings as a form with one Save; a stricter rule about the second step is asked about once more. */
export function SettingsForm({ saved }: { saved: SecuritySettings }) {
  const [draft, setDraft] = useState(() => draftOf(saved))
  const [asking, setAsking] = useState(false)
  const client = useQueryClient()
  const save = useMutation({
    mutationFn: () => api.put('/api/admin/security', { body: settingsOf(draft) }),
    onSuccess: (stored) => {
      client.setQueryData(peopleQueries.security().queryKey, stored)
      // The new rule may concern this session too.
      void client.invalidateQueries({ queryKey: keys.session })
      toast.success(t('admission.security.saved'))
    },
    onSettled: () => setAsking(false),
  })
  const stricter = STRICTNESS[draft.rule] > STRICTNESS[saved.second_factor]
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (stricter) setAsking(true)
    else save.mutate()
  }
  const changed = JSON.stringify(draft) !== JSON.stringify(draftOf(saved))
  const set = (name: keyof Draft) => (value: string) => setDraft((now) => ({ ...now, [name]: value }))
  const wrong = (field: string) => (isApiError(save.error) ? save.error.field(field) : undefined)
  return (
    <form className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-3" onSubmit={submit}>
      <Panel title={t('admission.security.second')} icon={ShieldCheck}>
        <ChoiceCards
          label={t('admission.security.second_who')}
          value={draft.rule}
          onChange={(rule) => setDraft((now) => ({ ...now, rule }))}
          items={RULES.map((value) => ({ value, title: t(`admission.security.${value}`), note: t(`admission.security.${value}_note`) }))}
        />
      </Panel>
      <Panel title={t('admission.security.sessions')} icon={TimerReset} i={1}>
        <div className="grid gap-5">
          <Figure
            label={t('admission.security.idle')}
            hint={join(t('admission.security.idle_hint'), durationWords(Number(draft.idle), 'minutes'))}
            min={5}
            max={10_080}
            value={draft.idle}
            error={wrong('session_idle_minutes')}
            onChange={set('idle')}
          />
          <Figure
            label={t('admission.security.max')}
            hint={join(t('admission.security.max_hint'), durationWords(Number(draft.max) * 60, 'hours'))}
            min={1}
            max={2_160}
            value={draft.max}
            error={wrong('session_max_hours')}
            onChange={set('max')}
          />
        </div>
      </Panel>
      <Panel title={t('admission.security.password')} icon={KeyRound} i={2}>
        <Figure
          label={t('admission.security.length')}
          hint={t('admission.security.length_hint')}
          min={8}
          max={64}
          value={draft.length}
          error={wrong('password_length_min')}
          onChange={set('length')}
        />
      </Panel>
      <div className="flex flex-wrap items-center gap-4 xl:col-span-3">
        <FormError error={save.error} fields={FIELDS} />
        <Button type="submit" disabled={!changed || save.isPending}>
          {t('action.save')}
        </Button>
        {changed ? (
          <p role="status" className="text-[14px] text-ink-2">
            {t('admission.security.changed')}
          </p>
        ) : null}
      </div>
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => save.mutate()}
        title={t('admission.security.confirm_title')}
        confirm={t('admission.security.confirm')}
        busy={save.isPending}
        danger={false}
      >
        {draft.rule === 'everyone' ? t('admission.security.confirm_everyone') : t('admission.security.confirm_administrators')}
      </ConfirmDialog>
    </form>
  )
}

const join = (hint: string, more: string | null) => (more ? `${hint} ${more}` : hint)

type FigureProps = {
  label: string
  hint: string
  min: number
  max: number
  value: string
  error?: string
  onChange: (value: string) => void
}
const Figure = ({ label, hint, min, max, value, error, onChange }: FigureProps) => (
  <Field
    label={label}
    hint={hint}
    type="number"
    inputMode="numeric"
    required
    min={min}
    max={max}
    step={1}
    value={value}
    error={error}
    onChange={(event) => onChange(event.target.value)}
  />
)
