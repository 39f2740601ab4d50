import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useBlocker } from '@tanstack/react-router'
import { TriangleAlert } from 'lucide-react'
import { type FormEvent, useEffect, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import type { PromptTemplate, PromptVersion } from '@/api/types'
import { Button } from '@/components/button'
import { FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { draftOf, isSame, type TextDraft, variableOf } from './draft'
import { Editor } from './editor'

type EditProps = { template: PromptTemplate; version: PromptVersion }

/** Changing a template: what is saved becomes its next version. */
export function EditTab({ template, version }: EditProps) {
  // What the draft began from: the node refuses to save it over a change by somebody else.
  const [base, setBase] = useState({ revision: template.revision, number: template.version, draft: draftOf(version) })
  const [draft, setDraft] = useState<TextDraft>(base.draft)
  const client = useQueryClient()
  const changed = !isSame(draft, base.draft)
  const load = () => {
    const next = draftOf(version)
    setBase({ revision: template.revision, number: template.version, draft: next })
    setDraft(next)
  }
  const save = useMutation({
    mutationFn: () =>
      api.post('/api/prompts/{id}/versions', {
        path: { id: template.id },
        body: { revision: base.revision, body: draft.body, variables: draft.variables.map(variableOf), note: draft.note.trim() },
      }),
    onSuccess: (saved) => {
      toast.success(t('prompts.saved', { version: saved.version }))
      const kept = { ...draft, note: '' }
      setBase({ revision: saved.revision, number: saved.version, draft: kept })
      setDraft(kept)
      return client.invalidateQueries({ queryKey: keys.prompts })
    },
  })
  useBlocker({ shouldBlockFn: () => changed && !window.confirm(t('prompts.leave')), enableBeforeUnload: () => changed, disabled: !changed })
  const isBehind = template.revision > base.revision && !save.isPending
  // Nothing was written yet, so the newer text takes the place of the older one.
  useEffect(() => {
    if (isBehind && !changed) load()
  })
  const change = (next: TextDraft) => {
    save.reset()
    setDraft(next)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  const conflict = isApiError(save.error, 'template_changed') || (isBehind && changed)
  return (
    <form onSubmit={submit}>
      {conflict ? (
        <p
          role="alert"
          className="mb-4 flex flex-wrap items-center gap-3 rounded-[16px] border border-warn/50 bg-warn/10 px-4 py-3 text-[14px]"
        >
          <TriangleAlert size={17} className="text-warn" aria-hidden="true" />
          <span className="min-w-0 flex-1 basis-[240px]">{t('prompts.conflict')}</span>
          <Button kind="outline" size="sm" onClick={load}>
            {t('prompts.conflict_load')}
          </Button>
        </p>
      ) : null}
      <Editor draft={draft} onDraft={change} error={save.error} />
      <div className="panel z-10 mt-4 flex flex-wrap items-end gap-3 p-4 sm:sticky sm:bottom-20 lg:bottom-4">
        <Field
          label={t('prompts.note')}
          placeholder={t('prompts.note_hint')}
          maxLength={300}
          value={draft.note}
          className="min-w-0 flex-1 basis-[220px]"
          onChange={(event) => setDraft({ ...draft, note: event.target.value })}
        />
        <Button kind="outline" disabled={!changed || save.isPending} onClick={() => change({ ...base.draft, note: '' })}>
          {t('prompts.discard')}
        </Button>
        <Button type="submit" disabled={!changed || save.isPending}>
          {t('prompts.save', { version: base.number + 1 })}
        </Button>
        {save.error && !conflict ? (
          <div className="basis-full">
            <FormError error={save.error} />
          </div>
        ) : null}
      </div>
    </form>
  )
}
