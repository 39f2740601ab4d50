import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { promptQueries } from '@/api/prompt-queries'
import type { PromptTemplate } from '@/api/types'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { RowsSkeleton } from '@/components/skeleton'
import { TemplateFill, useRendered } from '@/components/template-fill'
import { TemplatePick } from '@/components/template-pick'
import type { FieldValues } from '@/components/template-values'
import { t } from '@/lib/i18n'

type TemplateDialogProps = { onClose: () => void; onInsert: (text: string) => void }

/** A template of the organisation, filled in and put into the message. */
export default function TemplateDialog({ onClose, onInsert }: TemplateDialogProps) {
  const [template, setTemplate] = useState<PromptTemplate | null>(null)
  return (
    <Dialog open onClose={onClose} size="lg" title={template?.name ?? t('work.pick.insert_title')} lead={template?.description}>
      {template ? (
        <Fill key={template.id} template={template} onBack={() => setTemplate(null)} onInsert={onInsert} />
      ) : (
        <TemplatePick onPick={setTemplate} />
      )}
    </Dialog>
  )
}

type FillProps = { template: PromptTemplate; onBack: () => void; onInsert: (text: string) => void }
function Fill({ template, onBack, onInsert }: FillProps) {
  const [fields, setFields] = useState<FieldValues>({})
  const { data, error, refetch } = useQuery(promptQueries.prompt(template.id))
  const rendered = useRendered(template.id, data?.current, fields)
  const { text } = rendered
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (!data) return <RowsSkeleton rows={3} />
  return (
    <>
      <TemplateFill version={data.current} fields={fields} onFields={setFields} rendered={rendered} />
      <DialogActions>
        <Button kind="outline" onClick={onBack}>
          {t('work.pick.other')}
        </Button>
        <Button disabled={text === undefined} onClick={() => text !== undefined && onInsert(text)}>
          {t('work.pick.insert')}
        </Button>
      </DialogActions>
    </>
  )
}
