import { t } from '@/lib/i18n'
import { CopyButton } from './copy'

/** One command line, ready to copy. */
export function Command({ text }: { text: string }) {
  return (
    <div className="flex max-w-full items-center gap-2 rounded-[14px] border border-line bg-surface py-1 ps-4 pe-1 text-start">
      <code className="min-w-0 flex-1 py-1.5 font-mono text-[13px] leading-relaxed break-words">{text}</code>
      <CopyButton text={text} label={t('action.copy')} />
    </div>
  )
}
