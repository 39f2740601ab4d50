import { Link } from '@tanstack/react-router'
import { FlaskConical } from 'lucide-react'
import { useState } from 'react'
import { useCan } from '@/api/session'
import type { PromptTemplate, PromptVersion } from '@/api/types'
import { btn } from '@/components/button'
import { CopyButton } from '@/components/copy'
import { Panel } from '@/components/page'
import { TemplateFill, useRendered } from '@/components/template-fill'
import type { FieldValues } from '@/components/template-values'
import { t } from '@/lib/i18n'

/** Filling a template in, to copy the text or to try it. */
export function UseTab({ template, version }: { template: PromptTemplate; version: PromptVersion }) {
  const [fields, setFields] = useState<FieldValues>({})
  const rendered = useRendered(template.id, version, fields)
  const mayTry = useCan('playground.use') && template.archived_at === null
  return (
    <Panel>
      <TemplateFill version={version} fields={fields} onFields={setFields} rendered={rendered} />
      <div className="mt-6 flex flex-wrap justify-end gap-2.5 border-t border-line pt-5">
        {rendered.text === undefined ? null : <CopyButton text={rendered.text} />}
        {mayTry ? (
          <Link to="/playground" search={{ template: template.id }} className={btn('outline', 'sm')}>
            <FlaskConical size={15} aria-hidden="true" />
            {t('prompts.try')}
          </Link>
        ) : null}
      </div>
    </Panel>
  )
}
