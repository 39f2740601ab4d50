import '@/lib/i18n/en/fill'
import '@/lib/i18n/en/prompts'
import '@/lib/i18n/en/work'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import { Button } from '@/components/button'
import { FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { PageHeader, Panel } from '@/components/page'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { type TextDraft, variableOf } from './draft'
import { Editor } from './editor'

/** A template that is not there yet. */
export default function NewPrompt() {
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const [draft, setDraft] = useState<TextDraft>({ body: '', variables: [], note: '' })
  const client = useQueryClient()
  const navigate = useNavigate()
  const create = useMutation({
    mutationFn: () =>
      api.post('/api/prompts', {
        body: { name: name.trim(), description: description.trim(), body: draft.body, variables: draft.variables.map(variableOf) },
      }),
    onSuccess: async (created) => {
      await client.invalidateQueries({ queryKey: keys.prompts })
      toast.success(t('prompts.created', { name: created.name }))
      await navigate({ to: '/prompts/$prompt', params: { prompt: created.id } })
    },
  })
  const change = (next: TextDraft) => {
    create.reset()
    setDraft(next)
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate()
  }
  const nameError = isApiError(create.error, 'name_taken')
    ? create.error.message
    : isApiError(create.error)
      ? create.error.field('name')
      : undefined
  return (
    <form onSubmit={submit}>
      <PageHeader
        title={t('prompts.new')}
        actions={
          <Button type="submit" disabled={name.trim() === '' || draft.body.trim() === '' || create.isPending}>
            {t('prompts.create')}
          </Button>
        }
      >
        {t('prompts.lead')}
      </PageHeader>
      <Panel className="mb-4">
        <div className="grid grid-cols-[minmax(0,1fr)] gap-4 md:grid-cols-2">
          <Field
            label={t('prompts.name')}
            required
            maxLength={80}
            value={name}
            error={nameError}
            onChange={(event) => setName(event.target.value)}
          />
          <Field
            label={t('prompts.description')}
            placeholder={t('prompts.description_hint')}
            maxLength={500}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
          />
        </div>
        {create.error && !nameError ? (
          <div className="mt-4">
            <FormError error={create.error} />
          </div>
        ) : null}
      </Panel>
      <Editor draft={draft} onDraft={change} error={create.error} />
    </form>
  )
}
