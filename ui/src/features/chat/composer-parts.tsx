import { FileText, Info, PencilLine, TriangleAlert, X } from 'lucide-react'
import { Button } from '@/components/button'
import { optional, t } from '@/lib/i18n'
import { formatBytes } from '@/lib/i18n/format'
import { sentence } from '@/lib/sentence'
import type { Refusal, TextFile } from './attachments'
import type { Run } from './run'

/** Says that a stored question is being changed, and what that does. */
export function EditingBar({ onCancel }: { onCancel: () => void }) {
  return (
    <div className="relative z-[2] mb-1 flex flex-wrap items-center gap-x-3 gap-y-1 rounded-[13px] bg-brand-soft px-3 py-1.5 text-[13px]">
      <PencilLine size={14} className="text-brand" aria-hidden="true" />
      <span className="min-w-0 flex-1 basis-[200px]">{t('chat.editing')}</span>
      <Button kind="quiet" size="sm" onClick={onCancel}>
        {t('chat.edit_cancel')}
      </Button>
    </div>
  )
}

/** Files that will go with the question. */
export function FileChips({ files, onRemove }: { files: readonly TextFile[]; onRemove: (file: TextFile) => void }) {
  return (
    <ul aria-label={t('chat.files')} className="relative z-[2] flex flex-wrap gap-2 px-1 pt-1 pb-1.5">
      {files.map((file) => (
        <li
          key={file.id}
          className="flex max-w-full items-center gap-2 rounded-[12px] border border-line bg-surface-2 ps-3 pe-1 text-[13px]"
        >
          <FileText size={15} className="shrink-0 text-brand" aria-hidden="true" />
          <span className="truncate">{file.name}</span>
          <span className="shrink-0 font-mono text-[11.5px] text-ink-3">{formatBytes(file.bytes)}</span>
          <button
            type="button"
            aria-label={t('chat.remove_file', { name: file.name })}
            onClick={() => onRemove(file)}
            className="grid size-8 shrink-0 place-items-center rounded-[9px] text-ink-2 hover:bg-surface hover:text-danger"
          >
            <X size={15} />
          </button>
        </li>
      ))}
    </ul>
  )
}

type NotesProps = {
  run: Run | undefined
  refused: readonly Refusal[]
  pasted: TextFile | null
  onUnpaste: (file: TextFile) => void
  wordsMissing: boolean
}
/** What stands in the way of sending, or was done to what was pasted. */
export function ComposerNotes({ run, refused, pasted, onUnpaste, wordsMissing }: NotesProps) {
  const notSent = run?.phase === 'refused' ? run.error : null
  return (
    <>
      {notSent || refused.length > 0 ? (
        <div
          role="alert"
          className="mb-2 grid gap-1 rounded-[14px] border border-danger/40 bg-surface px-3.5 py-2.5 text-[13.5px] text-danger"
        >
          {notSent ? (
            <Refused text={`${t('chat.refused')} ${optional(`error.code.${notSent.code}`) ?? sentence(notSent.message)}`} />
          ) : null}
          {refused.map((refusal) => (
            <Refused key={`${refusal.name} ${refusal.reason}`} text={t(`chat.refused.${refusal.reason}`, { name: refusal.name })} />
          ))}
        </div>
      ) : null}
      {pasted ? (
        <p className="mb-2 flex flex-wrap items-center gap-x-2 gap-y-1 px-1 text-[13.5px] text-ink-2">
          <Info size={15} aria-hidden="true" />
          {t('chat.pasted')}
          <button type="button" className="min-h-6 font-medium text-brand hover:underline" onClick={() => onUnpaste(pasted)}>
            {t('chat.pasted_undo')}
          </button>
        </p>
      ) : null}
      {wordsMissing && !pasted ? <p className="mb-2 px-1 text-[13.5px] text-ink-2">{t('chat.words_needed')}</p> : null}
    </>
  )
}

function Refused({ text }: { text: string }) {
  return (
    <p className="flex items-start gap-2">
      <TriangleAlert size={15} className="mt-0.5 shrink-0" aria-hidden="true" />
      {text}
    </p>
  )
}
