import { Play, Plus, Square } from 'lucide-react'
import { type FormEvent, type KeyboardEvent, useState } from 'react'
import { isApiError } from '@/api/error'
import type { ModelChoice, PromptVersion } from '@/api/types'
import { Button, KeyHint } from '@/components/button'
import { Dialog } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Segmented, Switch, Textarea } from '@/components/field'
import { Panel } from '@/components/page'
import { TemplateFill, type useRendered } from '@/components/template-fill'
import { TemplatePick } from '@/components/template-pick'
import { t } from '@/lib/i18n'
import { ColumnForm } from './column-form'
import { COLUMNS_MAX, COLUMNS_MIN, type Draft, newColumn } from './draft'

type TemplateUse = { name: string | undefined; used: PromptVersion | undefined; failed: unknown }
type FormProps = {
  draft: Draft
  onDraft: (draft: Draft) => void
  models: readonly ModelChoice[]
  version: TemplateUse | null
  rendered: ReturnType<typeof useRendered>
  error: unknown
  running: boolean
  onRun: () => void
  onStop: () => void
}

/** What is asked, and of whom. */
export function PromptForm({ draft, onDraft, models, version, rendered, error, running, onRun, onStop }: FormProps) {
  const change = (part: Partial<Draft>) => onDraft({ ...draft, ...part })
  const ready = draft.source === 'write' ? draft.text.trim() !== '' : rendered.text !== undefined
  const canRun = ready && !running && draft.columns.length >= COLUMNS_MIN
  const run = () => {
    if (canRun) onRun()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    run()
  }
  return (
    <form
      aria-label={t('playground.prompt')}
      className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-[minmax(0,1.2fr)_minmax(0,1fr)]"
      onKeyDown={onKeyDown}
      onSubmit={(event: FormEvent) => {
        event.preventDefault()
        run()
      }}
    >
      <Panel
        title={t('playground.prompt')}
        end={
          <Segmented
            label={t('playground.source')}
            value={draft.source}
            onChange={(source) => change({ source })}
            items={[
              ['write', t('playground.source.write')],
              ['template', t('playground.source.template')],
            ]}
          />
        }
      >
        <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
          <Textarea
            label={t('playground.system')}
            placeholder={t('playground.system_hint')}
            rows={2}
            value={draft.system}
            onChange={(event) => change({ system: event.target.value })}
          />
          {draft.source === 'write' ? (
            <Textarea
              label={t('playground.ask')}
              placeholder={t('playground.ask_hint')}
              rows={6}
              value={draft.text}
              onChange={(event) => change({ text: event.target.value })}
            />
          ) : (
            <FromTemplate draft={draft} change={change} version={version} rendered={rendered} />
          )}
        </div>
      </Panel>
      <Panel
        title={t('playground.models')}
        i={1}
        end={
          <Button
            kind="outline"
            size="sm"
            disabled={draft.columns.length >= COLUMNS_MAX}
            onClick={() => change({ columns: [...draft.columns, nextColumn(draft, models)] })}
          >
            <Plus size={15} aria-hidden="true" />
            {t('playground.column_add')}
          </Button>
        }
      >
        <ul className="grid gap-3">
          {draft.columns.map((column, index) => (
            <ColumnForm
              key={column.key}
              column={column}
              number={index + 1}
              models={models}
              error={refusalOf(error, index)}
              onChange={(next) => change({ columns: draft.columns.with(index, next) })}
              onRemove={
                draft.columns.length > COLUMNS_MIN
                  ? () => change({ columns: draft.columns.filter((known) => known !== column) })
                  : undefined
              }
            />
          ))}
        </ul>
        <div className="mt-5">
          <Switch
            label={t('playground.in_turn')}
            note={t('playground.in_turn_note')}
            checked={draft.inTurn}
            onChange={(inTurn) => change({ inTurn })}
          />
        </div>
        {error && !isApiError(error, 'invalid_values') ? (
          <div className="mt-4">
            <FormError error={error} />
          </div>
        ) : null}
        <div className="mt-5 flex items-center justify-end gap-3 border-t border-line pt-5">
          {running ? (
            <Button kind="outline" onClick={onStop}>
              <Square size={14} className="fill-current" aria-hidden="true" />
              {t('playground.stop_all')}
            </Button>
          ) : (
            <>
              {ready ? (
                <KeyHint k="Ctrl ↵" className="max-sm:hidden" />
              ) : (
                <span id="playground-wait" className="text-[13px] text-ink-2">
                  {t(draft.source === 'write' ? 'playground.run_wait' : 'playground.run_wait_template')}
                </span>
              )}
              <Button type="submit" disabled={!canRun} aria-describedby={ready ? undefined : 'playground-wait'}>
                <Play size={16} className="fill-current" aria-hidden="true" />
                {t('playground.run')}
              </Button>
            </>
          )}
        </div>
      </Panel>
    </form>
  )
}

/** The refusal that is about one column. */
function refusalOf(error: unknown, index: number): string | undefined {
  if (!isApiError(error)) return undefined
  return error.fields.find((item) => item.field.startsWith(`columns[${index}]`))?.message
}

/** A model that is not compared yet, or the last one again. */
function nextColumn(draft: Draft, models: readonly ModelChoice[]) {
  const used = new Set(draft.columns.map((column) => column.model))
  const fresh = models.find((model) => !used.has(model.model))
  return newColumn(fresh?.model ?? draft.columns.at(-1)?.model ?? models[0]?.model ?? '')
}

type TemplateProps = {
  draft: Draft
  change: (part: Partial<Draft>) => void
  version: TemplateUse | null
  rendered: ReturnType<typeof useRendered>
}
function FromTemplate({ draft, change, version, rendered }: TemplateProps) {
  const [choosing, setChoosing] = useState(false)
  const { template } = draft
  const choose = (
    <Button kind={template ? 'quiet' : 'outline'} size="sm" onClick={() => setChoosing(true)}>
      {t(template ? 'work.pick.other' : 'playground.template_choose')}
    </Button>
  )
  return (
    <>
      {template ? (
        <div>
          <div className="mb-4 flex flex-wrap items-center gap-x-3 gap-y-1">
            <b className="text-[15px] font-semibold">{version?.name}</b>
            {version?.used ? (
              <span className="text-[13px] text-ink-3">{t('work.pick.version', { version: version.used.number })}</span>
            ) : null}
            <span className="ms-auto">{choose}</span>
          </div>
          {version?.failed ? <p className="text-[14px] text-danger">{t('playground.template_gone')}</p> : null}
          {version?.used ? (
            <TemplateFill
              version={version.used}
              fields={template.fields}
              onFields={(fields) => change({ template: { ...template, fields } })}
              rendered={rendered}
            />
          ) : null}
        </div>
      ) : (
        <div className="grid justify-items-center rounded-[16px] border border-dashed border-field px-4 py-8">{choose}</div>
      )}
      <Dialog open={choosing} onClose={() => setChoosing(false)} title={t('playground.template_choose')}>
        <TemplatePick
          onPick={(picked) => {
            change({ template: { id: picked.id, version: undefined, fields: {} } })
            setChoosing(false)
          }}
        />
      </Dialog>
    </>
  )
}
