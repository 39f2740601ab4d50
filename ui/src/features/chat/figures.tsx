import { PencilLine, Quote } from 'lucide-react'
import '@/lib/i18n/en/work'
import type { Message } from '@/api/types'
import { t } from '@/lib/i18n'
import { formatDuration } from '@/lib/i18n/format'

/** The name of what answered; quoted answers come from no model that writes. */
export function answeredBy(message: Pick<Message, 'mode' | 'model'>): string | null {
  if (message.mode === 'extractive') return t('work.model.extractive')
  return message.model === 'starter' ? t('work.model.starter') : message.model
}

/** Quoted answers are counted in words, written ones in tokens. */
export const amount = (mode: Message['mode'], count: number) =>
  t(mode === 'extractive' ? 'chat.figure.words' : 'chat.figure.tokens', { count })

/** What one answer took: who wrote it, how much, how long. */
export function Figures({ message }: { message: Message }) {
  const name = answeredBy(message)
  if (!name) return null
  const Icon = message.mode === 'extractive' ? Quote : PencilLine
  const parts = [
    message.usage ? amount(message.mode, message.usage.output_tokens) : null,
    message.timing_ms && message.timing_ms.first_token > 0
      ? t('chat.figure.first', { time: formatDuration(message.timing_ms.first_token) })
      : null,
    message.timing_ms ? t('chat.figure.total', { time: formatDuration(message.timing_ms.total) }) : null,
  ].filter((part) => part !== null)
  return (
    <p className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1 text-[12.5px] leading-tight text-ink-3">
      <span className="sr-only">{t('chat.figures')}</span>
      <span className="flex items-center gap-1.5">
        <Icon size={13} aria-hidden="true" />
        {name}
      </span>
      {parts.map((part) => (
        <span key={part} className="tabular-nums">
          {part}
        </span>
      ))}
    </p>
  )
}
