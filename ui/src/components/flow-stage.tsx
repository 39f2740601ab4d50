import '@/lib/i18n/en/work'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { BookOpenText, MessageCircleQuestionMark, MessageSquareReply, MessagesSquare, PenLine, Quote } from 'lucide-react'
import { queries } from '@/api/queries'
import type { Overview, UsageReport } from '@/api/types'
import { t } from '@/lib/i18n'
import { formatCompact } from '@/lib/i18n/format'
import { Stage, type StageNode } from './stage'

const listed = (nodes: readonly StageNode[]) => nodes.map((node) => `${node.title} ${node.note}`).join(', ')

/** What came in: questions, conversations, tokens read. */
const incoming = (overview: Overview, usage: UsageReport): StageNode[] => [
  {
    id: 'questions',
    title: t('work.flow.questions'),
    note: t('work.flow.day', { count: overview.today.messages }),
    count: overview.today.messages,
    icon: MessageCircleQuestionMark,
  },
  {
    id: 'conversations',
    title: t('work.flow.conversations'),
    note: t('work.flow.all', { count: overview.totals.conversations }),
    count: overview.totals.conversations,
    icon: MessagesSquare,
  },
  {
    id: 'read',
    title: t('work.flow.read'),
    note: t('work.flow.all', { count: formatCompact(usage.totals.input_tokens) }),
    count: usage.totals.input_tokens,
    icon: BookOpenText,
  },
]

/** What went out: answers, words quoted, tokens written. */
const outgoing = (overview: Overview): StageNode[] => [
  {
    id: 'answers',
    title: t('work.flow.answers'),
    note: t('work.flow.day', { count: overview.today.answers }),
    count: overview.today.answers,
    icon: MessageSquareReply,
  },
  {
    id: 'quoted',
    title: t('work.flow.quoted'),
    note: t('work.flow.words', { count: formatCompact(overview.totals.words_quoted) }),
    count: overview.totals.words_quoted,
    icon: Quote,
  },
  {
    id: 'written',
    title: t('work.flow.written'),
    note: t('work.flow.all', { count: formatCompact(overview.totals.output_tokens) }),
    count: overview.totals.output_tokens,
    icon: PenLine,
  },
]

/** The flow of work of this organisation, from the counts the node keeps. */
export function FlowStage() {
  const { data: overview } = useQuery(queries.overview())
  const { data: usage } = useInfiniteQuery(queries.usage())
  const report = usage?.pages[0]
  if (!overview || !report) return null
  const [left, right] = [incoming(overview, report), outgoing(overview)]
  return (
    <Stage
      label={t('work.flow.label', { left: listed(left), right: listed(right) })}
      left={left}
      right={right}
      working={overview.employees.some((employee) => employee.busy)}
    />
  )
}
