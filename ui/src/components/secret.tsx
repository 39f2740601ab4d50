import { TriangleAlert } from 'lucide-react'
import { t } from '@/lib/i18n'
import { CopyButton } from './copy'

/** A secret the node shows once and keeps no copy of. */
export function Secret({ value, warning }: { value: string; warning: string }) {
  return (
    <div className="grid gap-3">
      <div className="flex items-center gap-2 rounded-[16px] border-[1.5px] border-brand bg-brand-soft py-2 ps-4 pe-2">
        <code className="min-w-0 flex-1 font-mono text-[14px] leading-relaxed break-all">{value}</code>
        <CopyButton text={value} label={t('action.copy')} />
      </div>
      <p className="flex items-start gap-2.5 text-[13.5px] text-ink-2">
        <TriangleAlert size={16} className="mt-0.5 shrink-0 text-warn" aria-hidden="true" />
        {warning}
      </p>
    </div>
  )
}
