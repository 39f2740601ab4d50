import '@/lib/i18n/en/fill'
import { useQuery } from '@tanstack/react-query'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import type { PromptVersion } from '@/api/types'
import { t } from '@/lib/i18n'
import { useSettled } from '@/lib/use-settled'
import { FormError } from './error-state'
import { TemplateForm } from './template-form'
import { type FieldValues, isFilled, valuesOf } from './template-values'

/** A stored template filled in by the node; nothing is asked before what is required is there. */
export function useRendered(id: string, version: PromptVersion | undefined, fields: FieldValues) {
  const settled = useSettled(fields)
  const variables = version?.variables ?? []
  const values = valuesOf(variables, settled)
  const ready = version !== undefined && isFilled(variables, settled)
  const query = useQuery({
    queryKey: [...keys.prompt(id), 'rendered', version?.number, values],
    queryFn: ({ signal }) => api.post('/api/prompts/{id}/render', { signal, path: { id }, body: { version: version?.number, values } }),
    enabled: ready,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
    placeholderData: (before) => before,
  })
  return {
    text: ready && !query.error ? query.data?.text : undefined,
    error: ready ? query.error : null,
    pending: ready && query.isFetching,
  }
}

type FillProps = {
  version: PromptVersion
  fields: FieldValues
  onFields: (fields: FieldValues) => void
  rendered: ReturnType<typeof useRendered>
}

/** The fields of a template beside the text they make. */
export function TemplateFill({ version, fields, onFields, rendered }: FillProps) {
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-5 lg:grid-cols-2">
      <TemplateForm
        variables={version.variables}
        fields={fields}
        onFields={onFields}
        refused={isApiError(rendered.error) ? rendered.error.fields : []}
      />
      <Preview text={rendered.text} error={rendered.error} />
    </div>
  )
}

/** The text as it would be sent. */
export function Preview({ text, error }: { text: string | undefined; error: unknown }) {
  const isAboutValues = isApiError(error, 'invalid_values')
  return (
    <section aria-label={t('fill.preview')} className="min-w-0">
      <div className="mb-1.5 flex items-baseline justify-between gap-3">
        <h3 className="text-[13.5px] font-medium">{t('fill.preview')}</h3>
        {text === undefined ? null : (
          <span className="text-[12.5px] text-ink-3 tabular-nums">{t('fill.characters_now', { count: [...text].length })}</span>
        )}
      </div>
      {text === undefined ? (
        <p className="rounded-[14px] border border-dashed border-field px-3.5 py-3 text-[14px] text-ink-2">{t('fill.preview_empty')}</p>
      ) : (
        <p className="rounded-[14px] border border-line bg-surface-2 px-3.5 py-3 text-[14.5px] [overflow-wrap:anywhere] whitespace-pre-wrap">
          {text}
        </p>
      )}
      {error && !isAboutValues ? (
        <div className="mt-3">
          <FormError error={error} />
        </div>
      ) : null}
    </section>
  )
}
