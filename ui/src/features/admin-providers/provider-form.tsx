import { useMutation } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import type { Provider, ProviderKind } from '@/api/types'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Field, Select, Switch, Textarea } from '@/components/field'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { Access } from './access'
import { type Draft, draftOf, emptyDraft, KINDS, needsRegion, needsUrl, toChange, toNew } from './draft'
import { useReread } from './use-provider'

const FIELDS = ['title', 'slug', 'base_url', 'settings.region', 'settings.application_id', 'settings.api_version', 'settings.ca_pem']

export function AddProvider({ onClose }: { onClose: () => void }) {
  const [draft, setDraft] = useState(emptyDraft)
  const reread = useReread()
  const save = useMutation({
    mutationFn: () => api.post('/api/admin/providers', { body: toNew(draft) }),
    onSuccess: (saved) => done(saved, reread, onClose),
  })
  const pick = (kind: ProviderKind) =>
    setDraft((now) => ({
      ...now,
      kind,
      local_network: kind === 'ollama' || kind === 'openai_compatible',
      access: kind === 'ollama' ? 'none' : 'api_key',
    }))
  return (
    <Dialog open onClose={onClose} title={t('provider.add')} lead={t('provider.add_lead')}>
      <Form draft={draft} onChange={setDraft} save={save} onClose={onClose}>
        <Select
          label={t('provider.kind')}
          value={draft.kind}
          onChange={pick}
          items={KINDS.map((kind) => [kind, t(`provider.kind.${kind}`)] as const)}
        />
      </Form>
    </Dialog>
  )
}

export function EditProvider({ provider, onClose }: { provider: Provider; onClose: () => void }) {
  const [draft, setDraft] = useState(() => draftOf(provider))
  const reread = useReread()
  const save = useMutation({
    mutationFn: () => api.patch('/api/admin/providers/{id}', { path: { id: provider.id }, body: toChange(draft, provider) }),
    onSuccess: (saved) => done(saved, reread, onClose),
  })
  return (
    <Dialog
      open
      onClose={onClose}
      title={t('provider.edit_title', { provider: provider.title })}
      lead={t(`provider.kind.${provider.kind}`)}
    >
      <Form draft={draft} onChange={setDraft} save={save} onClose={onClose} provider={provider} />
    </Dialog>
  )
}

function done(saved: Provider, reread: () => Promise<unknown>, onClose: () => void) {
  toast.success(t('provider.saved', { provider: saved.title }))
  onClose()
  return reread()
}

type FormProps = {
  draft: Draft
  onChange: (draft: Draft) => void
  save: { mutate: () => void; isPending: boolean; error: unknown }
  onClose: () => void
  provider?: Provider
  children?: ReactNode
}
/** What both forms have: a new provider also has a kind and a short name. */
function Form({ draft, onChange, save, onClose, provider, children }: FormProps) {
  const set = (part: Partial<Draft>) => onChange({ ...draft, ...part })
  const wrong = (field: string) => (isApiError(save.error) ? save.error.field(field) : undefined)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <form onSubmit={submit} className="grid gap-5">
      {children}
      <Field
        label={t('provider.url')}
        hint={t(needsUrl(draft.kind) ? 'provider.url_needed' : 'provider.url_hint')}
        type="url"
        autoComplete="off"
        required={needsUrl(draft.kind)}
        value={draft.base_url}
        error={wrong('base_url')}
        onChange={(event) => set({ base_url: event.target.value })}
      />
      {needsRegion(draft.kind) ? (
        <Field
          label={t('provider.region')}
          required
          autoComplete="off"
          value={draft.region}
          error={wrong('settings.region')}
          onChange={(event) => set({ region: event.target.value })}
        />
      ) : null}
      {draft.kind === 'amazon_q' ? (
        <Field
          label={t('provider.application')}
          required
          autoComplete="off"
          value={draft.application_id}
          error={wrong('settings.application_id')}
          onChange={(event) => set({ application_id: event.target.value })}
        />
      ) : null}
      <Access draft={draft} onChange={set} keepable={provider !== undefined} />
      <Switch
        label={t('provider.local')}
        note={t('provider.local_note')}
        checked={draft.local_network}
        onChange={(local_network) => set({ local_network })}
      />
      <details>
        <summary className="cursor-pointer text-[14px] font-medium text-brand">{t('provider.more')}</summary>
        <div className="mt-4 grid gap-5">
          <Field
            label={t('provider.name')}
            hint={t('provider.name_hint')}
            autoComplete="off"
            maxLength={120}
            value={draft.title}
            error={wrong('title')}
            onChange={(event) => set({ title: event.target.value })}
          />
          {provider ? null : (
            <Field
              label={t('provider.slug')}
              hint={t('provider.slug_hint')}
              autoComplete="off"
              value={draft.slug}
              error={wrong('slug')}
              onChange={(event) => set({ slug: event.target.value })}
            />
          )}
          {draft.kind === 'azure_openai' ? (
            <Field
              label={t('provider.api_version')}
              hint={t('provider.api_version_hint')}
              autoComplete="off"
              value={draft.api_version}
              error={wrong('settings.api_version')}
              onChange={(event) => set({ api_version: event.target.value })}
            />
          ) : null}
          <Textarea
            label={t('provider.ca')}
            hint={t('provider.ca_hint')}
            mono
            rows={4}
            value={draft.ca_pem}
            onChange={(event) => set({ ca_pem: event.target.value })}
          />
        </div>
      </details>
      <FormError error={save.error} fields={FIELDS} />
      <DialogActions>
        <Button kind="outline" onClick={onClose}>
          {t('action.cancel')}
        </Button>
        <Button type="submit" disabled={save.isPending}>
          {t('provider.save')}
        </Button>
      </DialogActions>
    </form>
  )
}
