import '@/lib/i18n/en/grants'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { isApiError } from '@/api/error'
import { queries } from '@/api/queries'
import type { NewApiKey } from '@/api/token-queries'
import type { CreatedApiKey } from '@/api/types'
import { rich, t } from '@/lib/i18n'
import { Button } from './button'
import { CheckList } from './choice-cards'
import { Dialog, DialogActions } from './dialog'
import { ErrorState, FormError } from './error-state'
import { Field, Segmented, Select } from './field'
import { emptyKey, isWhole, type KeyDraft, LIFETIMES, type Lifetime, toNewKey } from './key-draft'
import { SCOPES, scopeItems } from './scope-words'
import { Secret } from './secret'
import { RowsSkeleton } from './skeleton'

const lifetimeLabel = (lifetime: Lifetime) => {
  if (lifetime === 'never') return t('grants.key_never')
  return lifetime === '365' ? t('grants.key_year') : t('grants.key_days', { days: Number(lifetime) })
}

type KeyDialogProps = { title: string; lead?: string; create: (key: NewApiKey) => Promise<CreatedApiKey>; onClose: () => void }

/** Asks what a key is for, what it may do and how long, then shows it once. */
export function KeyDialog({ title, lead, create, onClose }: KeyDialogProps) {
  const [draft, setDraft] = useState(emptyKey)
  const make = useMutation({ mutationFn: () => create(toNewKey(draft)) })
  const set = (part: Partial<KeyDraft>) => setDraft((now) => ({ ...now, ...part }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    make.mutate()
  }
  if (make.data) {
    return (
      <Dialog
        open
        onClose={onClose}
        title={t('grants.key_created')}
        lead={rich('grants.key_send', { code: (words) => <code className="font-mono text-[13px]">{words}</code> })}
      >
        <Secret value={make.data.key} warning={t('grants.once')} />
        <DialogActions>
          <Button onClick={onClose}>{t('grants.copied')}</Button>
        </DialogActions>
      </Dialog>
    )
  }
  const error = isApiError(make.error) ? make.error : undefined
  return (
    <Dialog open onClose={onClose} title={title} lead={lead}>
      <form className="grid grid-cols-[minmax(0,1fr)] gap-5" onSubmit={submit}>
        <Field
          label={t('grants.key_name')}
          hint={t('grants.key_name_hint')}
          required
          maxLength={80}
          value={draft.name}
          error={error?.field('name')}
          onChange={(event) => set({ name: event.target.value })}
        />
        <Narrowing draft={draft} onChange={set} />
        <Select
          label={t('grants.key_lifetime')}
          value={draft.lifetime}
          onChange={(lifetime) => set({ lifetime })}
          items={LIFETIMES.map((value) => [value, lifetimeLabel(value)] as const)}
        />
        <FormError error={make.error} fields={['name']} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={!isWhole(draft) || make.isPending}>
            {title}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

type PartProps = { draft: KeyDraft; onChange: (part: Partial<KeyDraft>) => void }

/** What the key may do, and through which employees; both are everything until somebody narrows them. */
function Narrowing({ draft, onChange }: PartProps) {
  return (
    <>
      <div className="grid gap-3">
        <AllOrSome
          label={t('grants.key_may')}
          all={draft.scopes === null}
          words={[t('grants.key_may_all'), t('grants.key_may_some')]}
          onChange={(all) => onChange({ scopes: all ? null : ['read'] })}
        />
        {draft.scopes === null ? null : (
          <CheckList label={t('grants.scopes')} values={draft.scopes} onChange={(scopes) => onChange({ scopes })} items={narrowScopes()} />
        )}
      </div>
      <div className="grid gap-3">
        <AllOrSome
          label={t('grants.key_ves')}
          all={draft.ves === null}
          words={[t('grants.key_ves_all'), t('grants.key_ves_some')]}
          onChange={(all) => onChange({ ves: all ? null : [] })}
        />
        {draft.ves === null ? null : <Employees values={draft.ves} onChange={(ves) => onChange({ ves })} />}
      </div>
    </>
  )
}

/** “Everything, also administration” is what the choice above it says already. */
const narrowScopes = (): { value: string; title: string; note: string }[] => scopeItems(SCOPES.filter((scope) => scope !== 'manage'))

type AllOrSomeProps = { label: string; all: boolean; words: readonly [string, string]; onChange: (all: boolean) => void }
function AllOrSome({ label, all, words, onChange }: AllOrSomeProps) {
  return (
    <div className="grid justify-items-start gap-1.5">
      <p className="text-[13.5px] font-medium">{label}</p>
      <Segmented
        label={label}
        value={all ? 'all' : 'some'}
        onChange={(next) => onChange(next === 'all')}
        items={[
          ['all', words[0]],
          ['some', words[1]],
        ]}
      />
    </div>
  )
}

function Employees({ values, onChange }: { values: readonly string[]; onChange: (values: string[]) => void }) {
  const { data, error, refetch } = useQuery(queries.ves('active'))
  if (error && !data) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (!data) return <RowsSkeleton rows={2} />
  if (data.items.length === 0) return <p className="text-[14px] text-ink-2">{t('grants.no_employees')}</p>
  return (
    <CheckList
      label={t('grants.employees')}
      values={values}
      onChange={onChange}
      items={data.items.map((ve) => ({ value: ve.id, title: ve.persona_name, note: ve.agent.name }))}
    />
  )
}
