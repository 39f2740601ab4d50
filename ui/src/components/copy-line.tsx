import '@/lib/i18n/en/grants'
import { Fragment } from 'react'
import { t } from '@/lib/i18n'
import { CopyButton } from './copy'

/** A value that belongs into another program: shown whole, its words unbroken where they fit, copied with one press. */
export function CopyLine({ label, value, hint }: { label: string; value: string; hint?: string }) {
  return (
    <div>
      <p className="mb-1.5 text-[13.5px] font-medium">{label}</p>
      <div className="flex items-center gap-2 rounded-[14px] border border-line bg-surface-2 py-1 ps-3.5 pe-1">
        <code className="min-w-0 flex-1 py-1.5 font-mono text-[13px] leading-snug [overflow-wrap:anywhere]">
          {value.split(' ').map((word, at) => (
            <Fragment key={at}>
              {at > 0 ? ' ' : null}
              <span className="inline-block max-w-full">{word}</span>
            </Fragment>
          ))}
        </code>
        <CopyButton text={value} label={t('grants.copy_of', { what: label })} />
      </div>
      {hint ? <p className="mt-1.5 text-[13px] text-ink-3">{hint}</p> : null}
    </div>
  )
}
