import { Link } from '@tanstack/react-router'
import { BookOpen, FileText, type LucideIcon, MessageSquareText } from 'lucide-react'
import type { Citation } from '@/api/types'
import { btn } from '@/components/button'
import { CopyButton } from '@/components/copy'
import { SideSheet } from '@/components/side-sheet'
import { t } from '@/lib/i18n'
import { splitAtQuote } from './quote'

export const SOURCE_ICONS: Record<Citation['source'], LucideIcon> = {
  handbook: BookOpen,
  attachment: FileText,
  conversation: MessageSquareText,
}

/** The passage behind a citation, with the words that were quoted marked in it. */
export function CitationSheet({ agent, source, onClose }: { agent: string; source: Citation | null; onClose: () => void }) {
  if (!source) return null
  const Icon = SOURCE_ICONS[source.source]
  const pieces = splitAtQuote(source.passage, source.quote)
  const lead = (
    <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
      <Icon size={15} className="text-brand" aria-hidden="true" />
      {t(`chat.source.${source.source}`)}
      {source.section ? <span>· {source.section}</span> : null}
    </span>
  )
  return (
    <SideSheet open onClose={onClose} title={source.title} lead={lead}>
      <p className="mb-2 flex items-center gap-2 text-[13px] text-ink-2">
        <span className="cite">{source.number}</span>
        {pieces ? t('chat.quoted') : null}
      </p>
      <blockquote className="rounded-[18px] border border-line bg-surface-2 p-5 text-[15px] leading-[1.7] break-words whitespace-pre-wrap">
        {pieces ? (
          <>
            {pieces[0]}
            <mark>{pieces[1]}</mark>
            {pieces[2]}
          </>
        ) : (
          source.passage
        )}
      </blockquote>
      <div className="mt-4 flex flex-wrap gap-2.5">
        <CopyButton text={source.quote} />
        {source.source === 'handbook' && source.passage_id ? (
          <Link
            to="/agents/$agent"
            params={{ agent }}
            search={{ tab: 'handbook', passage: source.passage_id }}
            className={btn('outline', 'sm')}
          >
            <BookOpen size={15} aria-hidden="true" />
            {t('chat.in_handbook')}
          </Link>
        ) : null}
      </div>
    </SideSheet>
  )
}
