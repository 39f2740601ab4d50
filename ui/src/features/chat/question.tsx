import { FileText, PencilLine } from 'lucide-react'
import type { Attachment, Message, Ve } from '@/api/types'
import { IconButton } from '@/components/button'
import { CopyButton } from '@/components/copy'
import { t } from '@/lib/i18n'
import { formatBytes, formatDateTime } from '@/lib/i18n/format'
import { useVersions, VersionPager } from './versions'

/** What a person asked, as they typed it. */
export function Question({ ve, message, onEdit }: { ve: Ve; message: Message; onEdit?: (question: Message) => void }) {
  const versions = useVersions(ve.id, message)
  const { shown } = versions
  return (
    <article
      aria-label={t('chat.asked_by', { name: message.author?.display_name ?? t('chat.you'), time: formatDateTime(message.created_at) })}
      className="group/turn flex flex-col items-end"
    >
      <div className="max-w-[88%] rounded-[20px] rounded-ee-[7px] bg-brand-fill px-4.5 py-3 text-[15px] text-white shadow-[0_10px_30px_-12px_rgb(var(--glow)/.7)]">
        <p className="break-words whitespace-pre-wrap">{shown.text}</p>
        {message.attachments.length > 0 ? <Files files={message.attachments} /> : null}
      </div>
      <div className="turn-tools mt-0.5 -mb-5 flex items-center gap-0.5">
        <VersionPager {...versions} />
        <CopyButton text={shown.text} label={t('chat.copy_question')} />
        {onEdit ? (
          <IconButton label={t('chat.edit')} onClick={() => onEdit(message)}>
            <PencilLine size={15} />
          </IconButton>
        ) : null}
      </div>
    </article>
  )
}

function Files({ files }: { files: readonly Attachment[] }) {
  return (
    <ul aria-label={t('chat.files')} className="mt-2.5 flex flex-wrap gap-2">
      {files.map((file) => (
        <li key={file.name} className="flex max-w-full items-center gap-2 rounded-[11px] bg-white/16 px-3 py-1.5 text-[13px]">
          <FileText size={15} className="shrink-0" aria-hidden="true" />
          <span className="truncate">{file.name}</span>
          <span className="shrink-0 font-mono text-[11.5px]">{formatBytes(file.text_bytes)}</span>
        </li>
      ))}
    </ul>
  )
}
