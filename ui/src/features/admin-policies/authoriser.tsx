import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { CircleCheck, CircleX, FlaskConical, MessagesSquare, Scale } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { type AuthoriserInput, type AuthoriserTest, policyKeys, policyQueries } from '@/api/policy-queries'
import { announce } from '@/components/announcer'
import { Button } from '@/components/button'
import { ChoiceCards } from '@/components/choice-cards'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState, FormError } from '@/components/error-state'
import { Field, Switch } from '@/components/field'
import { Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDuration } from '@/lib/i18n/format'
import { sentence } from '@/lib/sentence'

const EMPTY: AuthoriserInput = { url: '', timeout_ms: 1_000, on_failure: 'deny', enabled: true }
const EXAMPLE_URL = 'https://policy.example.org/v1/decide'
const TIMEOUT_MS = { min: 50, max: 10_000 }

/** A server of the organisation’s own that is asked once the node’s own rules allow something. */
export function Authoriser() {
  const { data, error, refetch } = useQuery(policyQueries.authoriser())
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-[minmax(0,1.3fr)_minmax(0,1fr)]">
      <Panel title={t('authoriser.title')} icon={Scale} end={data === undefined ? null : <State settings={data} />}>
        <p className="-mt-2 mb-5 max-w-[72ch] text-[14px] text-ink-2">{t('authoriser.lead')}</p>
        {error && data === undefined ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
        {data === undefined && !error ? <RowsSkeleton rows={3} /> : null}
        {data === undefined ? null : <Form key={JSON.stringify(data)} settings={data} />}
      </Panel>
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
        {data ? <Test /> : null}
        <Talk />
      </div>
    </div>
  )
}

/** What the two say to each other, the same in every language. */
const QUESTION = `{
  "subject": {
    "id": "per_…", "role": "staff",
    "principal": "session", "principal_id": null
  },
  "organisation": "org_…",
  "action": "people.manage",
  "resource": "/api/admin/people"
}`
const ANSWER = '{ "allow": false, "reason": "not on a Friday" }'

/** What its author has to know. */
const Talk = () => (
  <Panel title={t('authoriser.talk')} icon={MessagesSquare} i={2}>
    <p className="mb-1.5 text-[13.5px] font-medium">{t('authoriser.talk_asks')}</p>
    <Example>{QUESTION}</Example>
    <p className="mt-4 mb-1.5 text-[13.5px] font-medium">{t('authoriser.talk_answers')}</p>
    <Example>{ANSWER}</Example>
    <p className="mt-1.5 text-[13px] text-ink-3">{t('authoriser.talk_note')}</p>
  </Panel>
)

const Example = ({ children }: { children: string }) => (
  <pre className="rounded-[14px] border border-line bg-surface-2 px-3.5 py-2.5 font-mono text-[12.5px] leading-relaxed break-words whitespace-pre-wrap">
    {children}
  </pre>
)

function State({ settings }: { settings: AuthoriserInput | null }) {
  if (!settings) return <StatusPill state="queued">{t('authoriser.state.none')}</StatusPill>
  return (
    <StatusPill state={settings.enabled ? 'done' : 'paused'}>
      {t(settings.enabled ? 'authoriser.state.on' : 'authoriser.state.off')}
    </StatusPill>
  )
}

function Form({ settings }: { settings: AuthoriserInput | null }) {
  const [input, setInput] = useState(settings ?? EMPTY)
  const [removing, setRemoving] = useState(false)
  const client = useQueryClient()
  const set = (part: Partial<AuthoriserInput>) => setInput((now) => ({ ...now, ...part }))
  const reread = () => client.invalidateQueries({ queryKey: policyKeys.authoriser })
  const save = useMutation({
    mutationFn: () => api.put('/api/admin/authoriser', { body: { ...input, url: input.url.trim() } }),
    onSuccess: () => {
      toast.success(t('authoriser.saved'))
      return reread()
    },
  })
  const remove = useMutation({
    mutationFn: () => api.delete('/api/admin/authoriser'),
    onSuccess: () => {
      toast.success(t('authoriser.removed'))
      return reread()
    },
    onError: toast.error,
    onSettled: () => setRemoving(false),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  const wrong = (field: string) => (isApiError(save.error) ? save.error.field(field) : undefined)
  return (
    <form onSubmit={submit} className="grid grid-cols-[minmax(0,1fr)] gap-5">
      <Field
        label={t('authoriser.url')}
        hint={t('authoriser.url_hint')}
        type="url"
        placeholder={EXAMPLE_URL}
        autoComplete="off"
        required
        value={input.url}
        error={wrong('url')}
        onChange={(event) => set({ url: event.target.value })}
      />
      <Field
        label={t('authoriser.timeout')}
        hint={t('authoriser.timeout_hint')}
        type="number"
        inputMode="numeric"
        min={TIMEOUT_MS.min}
        max={TIMEOUT_MS.max}
        required
        value={input.timeout_ms}
        error={wrong('timeout_ms')}
        onChange={(event) => set({ timeout_ms: Number(event.target.value) })}
      />
      <ChoiceCards
        label={t('authoriser.failure')}
        value={input.on_failure}
        onChange={(on_failure) => set({ on_failure })}
        items={[
          { value: 'deny', title: t('authoriser.failure.deny'), note: t('authoriser.failure_note.deny') },
          { value: 'allow', title: t('authoriser.failure.allow'), note: t('authoriser.failure_note.allow') },
        ]}
      />
      <Switch
        label={t('authoriser.enabled')}
        note={t('authoriser.enabled_note')}
        checked={input.enabled}
        onChange={(enabled) => set({ enabled })}
      />
      <FormError error={save.error} fields={['url', 'timeout_ms']} />
      <div className="flex flex-wrap justify-end gap-2.5 border-t border-line pt-5">
        {settings ? (
          <Button kind="danger" className="me-auto" onClick={() => setRemoving(true)}>
            {t('authoriser.remove')}
          </Button>
        ) : null}
        <Button type="submit" disabled={input.url.trim() === '' || save.isPending}>
          {t('action.save')}
        </Button>
      </div>
      <ConfirmDialog
        open={removing}
        onClose={() => setRemoving(false)}
        onConfirm={() => remove.mutate()}
        title={t('authoriser.remove_title')}
        confirm={t('authoriser.remove')}
        busy={remove.isPending}
      >
        {t('authoriser.remove_text')}
      </ConfirmDialog>
    </form>
  )
}

/** A question that nobody asked, to see whether and how fast it is answered. */
function Test() {
  const test = useMutation({
    mutationFn: () => api.post('/api/admin/authoriser/test'),
    onSuccess: (result) => announce(verdict(result)),
  })
  return (
    <Panel title={t('authoriser.test_title')} icon={FlaskConical} i={1}>
      <p className="-mt-2 mb-4 text-[14px] text-ink-2">{t('authoriser.test_lead')}</p>
      <Button kind="outline" disabled={test.isPending} onClick={() => test.mutate()}>
        {t(test.isPending ? 'authoriser.testing' : 'authoriser.test')}
      </Button>
      <div className="mt-4 grid gap-3">
        <FormError error={test.error} />
        {test.data && !test.isPending ? <Result key={test.submittedAt} result={test.data} /> : null}
      </div>
    </Panel>
  )
}

const verdict = (result: AuthoriserTest) =>
  result.ok ? t(result.allow ? 'authoriser.test_allows' : 'authoriser.test_denies') : t('authoriser.test_failed')

function Result({ result }: { result: AuthoriserTest }) {
  const Icon = result.ok ? CircleCheck : CircleX
  return (
    <div className="rise flex items-start gap-3 rounded-[16px] bg-surface-2/70 p-4 text-[14px]">
      <Icon size={19} className={`mt-0.5 shrink-0 ${result.ok ? 'text-success' : 'text-danger'}`} aria-hidden="true" />
      <div className="min-w-0 flex-1 [overflow-wrap:anywhere]">
        <p className="font-medium">{verdict(result)}</p>
        {result.reason ? <p className="text-ink-2">{sentence(result.reason)}</p> : null}
        {result.error ? <p className="text-danger">{sentence(result.error)}</p> : null}
      </div>
      <span className="font-mono text-[12px] text-ink-3 tabular-nums">{formatDuration(result.milliseconds)}</span>
    </div>
  )
}
