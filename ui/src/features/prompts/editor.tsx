import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useId, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import type { FieldError } from '@/api/types'
import { Button } from '@/components/button'
import { Panel } from '@/components/page'
import { Preview } from '@/components/template-fill'
import { TemplateForm } from '@/components/template-form'
import { type FieldValues, valuesOf } from '@/components/template-values'
import { rich, t } from '@/lib/i18n'
import { sentence } from '@/lib/sentence'
import { useSettled } from '@/lib/use-settled'
import { newVariable, type TextDraft, undeclared, variableOf } from './draft'
import { VariableEditor } from './variable-editor'

const PLACE = '{{name}}'
const PLAIN = '\\{{'
const code = (text: string) => <code className="rounded-md bg-surface-2 px-1.5 py-0.5 font-mono text-[12px] text-ink-2">{text}</code>

type EditorProps = { draft: TextDraft; onDraft: (draft: TextDraft) => void; error: unknown }

/** The text and the variables of a template, with the text it makes of sample values beside them. */
export function Editor({ draft, onDraft, error }: EditorProps) {
  const [fields, setFields] = useState<FieldValues>({})
  const preview = usePreview(draft, fields)
  // The draft is checked by the node as it is typed; a refusal to save says the same and stays until the draft changes.
  const refused = isApiError(error) && error.fields.length > 0 ? error.fields : preview.problems
  const missing = undeclared(draft)
  const declare = (name: string) => onDraft({ ...draft, variables: [...draft.variables, newVariable(name)] })
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-[minmax(0,1.35fr)_minmax(0,1fr)]">
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
        <Panel title={t('prompts.body')}>
          <Body value={draft.body} refused={refused} onChange={(body) => onDraft({ ...draft, body })} />
          {missing.length > 0 ? (
            <div className="mt-4 flex flex-wrap items-center gap-2 text-[13.5px]">
              <span className="text-ink-2">{t('prompts.undeclared')}</span>
              {missing.map((name) => (
                <Button key={name} kind="soft" size="sm" onClick={() => declare(name)}>
                  <Plus size={14} aria-hidden="true" />
                  {t('prompts.declare', { name })}
                </Button>
              ))}
            </div>
          ) : null}
        </Panel>
        <Panel
          title={t('prompts.variables')}
          i={1}
          end={
            <Button kind="outline" size="sm" onClick={() => declare('')}>
              <Plus size={15} aria-hidden="true" />
              {t('prompts.variable_add')}
            </Button>
          }
        >
          {draft.variables.length === 0 ? (
            <p className="text-[14px] text-ink-2">{rich('prompts.variables_none', {}, { place: code(PLACE) })}</p>
          ) : null}
          <ul className="grid gap-3">
            {draft.variables.map((variable, index) => (
              <VariableEditor
                key={variable.key}
                draft={variable}
                index={index}
                refused={refused}
                onChange={(next) => onDraft({ ...draft, variables: draft.variables.with(index, next) })}
                onRemove={() => onDraft({ ...draft, variables: draft.variables.filter((known) => known !== variable) })}
              />
            ))}
          </ul>
        </Panel>
      </div>
      <Panel title={t('prompts.sample')} i={2} className="xl:sticky xl:top-20">
        <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
          {preview.variables.length > 0 ? (
            <TemplateForm variables={preview.variables} fields={fields} onFields={setFields} refused={preview.problems} />
          ) : null}
          <Preview text={preview.text} error={preview.error} />
        </div>
      </Panel>
    </div>
  )
}

type BodyProps = { value: string; refused: readonly FieldError[]; onChange: (body: string) => void }
function Body({ value, refused, onChange }: BodyProps) {
  const id = useId()
  // Undeclared names have their own buttons below, and an empty text needs no telling.
  const shown = refused.filter((item) => item.field === 'body' && item.code !== 'undeclared_variable' && item.code !== 'empty_body')
  return (
    <>
      <textarea
        id={id}
        aria-label={t('prompts.body')}
        aria-describedby={`${id}-h`}
        aria-invalid={shown.length > 0 || undefined}
        rows={12}
        spellCheck
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className={`block w-full rounded-[14px] border bg-surface px-3.5 py-3 font-mono text-[13.5px] leading-[1.6] outline-none focus-visible:outline-2 focus-visible:outline-offset-2 focus-visible:outline-brand ${shown.length > 0 ? 'border-danger' : 'border-field focus:border-brand'}`}
      />
      <div id={`${id}-h`} className="mt-1.5 text-[13px] text-ink-3">
        {shown.map((item) => (
          <p key={item.message} className="text-danger">
            {sentence(item.message)}
          </p>
        ))}
        {shown.length === 0 ? rich('prompts.body_hint', {}, { place: code(PLACE), plain: code(PLAIN) }) : null}
      </div>
    </>
  )
}

/** The draft with the sample values, filled in by the node. While values are missing it is only checked. */
function usePreview(draft: TextDraft, fields: FieldValues) {
  const settled = useSettled(draft)
  const variables = settled.variables.map(variableOf)
  const values = valuesOf(variables, useSettled(fields))
  const query = useQuery({
    queryKey: [...keys.prompts, 'preview', settled.body, variables, values],
    queryFn: ({ signal }) => api.post('/api/prompts/preview', { signal, body: { body: settled.body, variables, values } }),
    enabled: settled.body.trim() !== '',
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
    placeholderData: (before) => before,
  })
  const named = variables.filter((variable) => variable.name !== '')
  return { text: query.data?.text ?? undefined, problems: query.data?.problems ?? [], error: query.error, variables: named }
}
