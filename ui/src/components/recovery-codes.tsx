import '@/lib/i18n/en/factors'
import { useQuery } from '@tanstack/react-query'
import { Check, Copy, Download, Printer, TriangleAlert } from 'lucide-react'
import { queries } from '@/api/queries'
import { download } from '@/lib/csv'
import { t } from '@/lib/i18n'
import { Button } from './button'
import { useCopy } from './copy'

type RecoveryCodesProps = { codes: readonly string[]; email: string; kept: boolean; onKept: (kept: boolean) => void }

/** Recovery codes, shown once, with every way to keep them; `onKept` hears that the person has. */
export function RecoveryCodes({ codes, email, kept, onKept }: RecoveryCodesProps) {
  const { data: node } = useQuery(queries.setup())
  const [copied, copy] = useCopy()
  const title = t('factors.recovery.file', { email, node: node?.node_name ?? '' })
  const text = `${title}\n\n${codes.join('\n')}\n`
  return (
    <div className="grid gap-4">
      <div data-print className="rounded-[18px] border-[1.5px] border-brand bg-brand-soft p-4">
        <p className="mb-3 hidden text-[14px] print:block">{title}</p>
        <ol
          aria-label={t('factors.recovery.list')}
          className="grid grid-cols-[repeat(auto-fit,minmax(174px,1fr))] gap-x-3 gap-y-2 font-mono text-[13px] tabular-nums"
        >
          {codes.map((code, place) => (
            <li key={code} className="rise flex items-baseline gap-2" style={{ '--i': place }}>
              <span aria-hidden="true" className="w-4 shrink-0 text-end text-[11px] text-ink-3">
                {place + 1}
              </span>
              <span className="whitespace-nowrap">{code}</span>
            </li>
          ))}
        </ol>
      </div>
      <p className="flex items-start gap-2.5 text-[13.5px] text-ink-2">
        <TriangleAlert size={16} className="mt-0.5 shrink-0 text-warn" aria-hidden="true" />
        {t('factors.recovery.once')}
      </p>
      <div className="flex flex-wrap gap-2">
        <Button kind="outline" size="sm" onClick={() => copy(text)}>
          {copied ? (
            <Check size={15} strokeWidth={2.6} className="text-success" aria-hidden="true" />
          ) : (
            <Copy size={15} aria-hidden="true" />
          )}
          {copied ? t('action.copied') : t('action.copy')}
        </Button>
        <Button kind="outline" size="sm" onClick={() => download('guildhall-recovery-codes.txt', text, 'text/plain;charset=utf-8')}>
          <Download size={15} aria-hidden="true" />
          {t('factors.recovery.download')}
        </Button>
        <Button kind="outline" size="sm" onClick={() => window.print()}>
          <Printer size={15} aria-hidden="true" />
          {t('factors.recovery.print')}
        </Button>
      </div>
      <label className="flex cursor-pointer items-center gap-3 py-1 text-[14.5px]">
        <input
          type="checkbox"
          checked={kept}
          onChange={(event) => onKept(event.target.checked)}
          className="size-5 shrink-0 accent-[var(--brand-fill)]"
        />
        {t('factors.recovery.kept')}
      </label>
    </div>
  )
}
