import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Check, Gauge, Info, ShieldCheck, TriangleAlert } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import type { Upload } from '@/api/types'
import { Button } from '@/components/button'
import { FormError } from '@/components/error-state'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { forget } from './transfers'
import { verdictText } from './verdict'

type Inspection = NonNullable<Upload['inspection']>

/** What the file's header says, long before the file is whole: whether it fits, what it can do, under which licence it comes. */
export function UploadVerdict({ upload, inspection }: { upload: Upload; inspection: Inspection }) {
  const fits = upload.verdict?.fits ?? true
  const writes = inspection.kind === 'generative'
  const adapts = inspection.kind === 'adapter'
  const facts = t(adapts ? 'upload.facts_adapter' : 'upload.facts', {
    title: inspection.title,
    architecture: inspection.architecture,
    quantisation: inspection.quantisation,
    context: inspection.context_length,
  })
  return (
    <div className="flex gap-4 border-t border-line bg-surface-2/60 p-4 max-sm:flex-col">
      <span
        className={`grid size-11 shrink-0 place-items-center rounded-full ${fits ? 'bg-success/12 text-success' : 'bg-warn/13 text-warn'}`}
      >
        {fits ? <Gauge size={21} aria-hidden="true" /> : <TriangleAlert size={21} aria-hidden="true" />}
      </span>
      <div className="min-w-0 flex-1">
        {upload.verdict ? <p className="font-display text-[17px] font-semibold tracking-[-.015em]">{verdictText(upload.verdict)}</p> : null}
        <p className="mt-1 text-[13.5px] text-ink-2 [overflow-wrap:anywhere]">{facts}</p>
        <ul className="mt-3 flex flex-wrap gap-x-5 gap-y-1.5 text-[13px]">
          <Fact>{t('upload.header_read')}</Fact>
          {adapts ? <Fact>{t('upload.adapter')}</Fact> : null}
          {writes && inspection.has_chat_template ? <Fact>{t('upload.template')}</Fact> : null}
          {inspection.has_tool_template ? <Fact>{t('upload.tools')}</Fact> : null}
          {writes && !inspection.has_chat_template ? <Fact bad>{t('upload.no_template')}</Fact> : null}
          {inspection.pack?.signed_by ? <Fact>{t('upload.signed', { name: inspection.pack.signed_by })}</Fact> : null}
          {inspection.pack && !inspection.pack.signed_by ? <Fact bad>{t('upload.not_signed')}</Fact> : null}
          {upload.state === 'received' ? <Fact>{t('upload.whole')}</Fact> : null}
        </ul>
        <Take upload={upload} inspection={inspection} fits={fits} />
      </div>
    </div>
  )
}

function Fact({ bad = false, children }: { bad?: boolean; children: ReactNode }) {
  return (
    <li className="flex items-center gap-1.5 text-ink-2">
      {bad ? (
        <Info size={15} className="text-warn" aria-hidden="true" />
      ) : (
        <Check size={15} strokeWidth={2.6} className="text-success" aria-hidden="true" />
      )}
      {children}
    </li>
  )
}

/** The licence, what does not fit, and the button that makes the file a model. */
function Take({ upload, inspection, fits }: { upload: Upload; inspection: Inspection; fits: boolean }) {
  const [accepted, setAccepted] = useState(false)
  const [force, setForce] = useState(false)
  const [unsigned, setUnsigned] = useState(false)
  const client = useQueryClient()
  const take = useMutation({
    mutationFn: () =>
      api.post('/api/admin/models/uploads/{id}/complete', {
        path: { id: upload.id },
        body: { accept_license: accepted, force, allow_unsigned: unsigned },
      }),
    onSuccess: (model) => {
      forget(upload.id)
      toast.success(t('upload.done', { model: model.title }))
      return Promise.all([client.invalidateQueries({ queryKey: keys.models }), client.invalidateQueries({ queryKey: keys.node })])
    },
  })
  const whole = upload.state === 'received'
  const asks = !inspection.licence_is_permissive
  const isUnsigned = inspection.pack !== null && inspection.pack.signed_by === null
  return (
    <div className="mt-3.5 border-t border-line pt-3.5">
      <p className="text-[13.5px]">
        {inspection.licence === null ? (
          t('upload.licence_none')
        ) : (
          <>
            {t('upload.licence', { licence: inspection.licence })}
            {asks ? null : <span className="text-ink-3"> ({t('upload.licence_free')})</span>}
          </>
        )}
      </p>
      <div className="mt-2 grid gap-1">
        <Tick label={t('upload.accept')} on={accepted} onChange={setAccepted} />
        {fits ? null : <Tick label={t('upload.force')} on={force} onChange={setForce} />}
        {isUnsigned ? <Tick label={t('upload.unsigned')} on={unsigned} onChange={setUnsigned} /> : null}
      </div>
      {take.error ? (
        <div className="mt-3">
          <FormError error={take.error} />
        </div>
      ) : null}
      <div className="mt-3 flex flex-wrap items-center justify-end gap-3">
        <span className="text-[13px] text-ink-3">{whole ? t('upload.name', { name: upload.name }) : t('upload.complete_wait')}</span>
        <Button
          disabled={!whole || !accepted || (!fits && !force) || (isUnsigned && !unsigned) || take.isPending}
          onClick={() => take.mutate()}
        >
          <ShieldCheck size={17} aria-hidden="true" />
          {t('upload.complete')}
        </Button>
      </div>
    </div>
  )
}

function Tick({ label, on, onChange }: { label: string; on: boolean; onChange: (on: boolean) => void }) {
  return (
    <label className="flex min-h-10 cursor-pointer items-center gap-3 text-[14px]">
      <input
        type="checkbox"
        checked={on}
        onChange={(event) => onChange(event.target.checked)}
        className="size-5 shrink-0 accent-[var(--brand-fill)]"
      />
      {label}
    </label>
  )
}
