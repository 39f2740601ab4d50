import { ArrowLeft, ArrowRight, LoaderCircle } from 'lucide-react'
import { type ReactNode, useEffect, useRef } from 'react'
import { t } from '@/lib/i18n'
import { Button } from './button'

/** Form column of every wizard: counted heading, body, Back / Next. Back keeps values because the caller owns them. Focus moves to the heading on each step. */
export function Wizard({
  at,
  total,
  title,
  lead,
  children,
  onBack,
  onNext,
  next,
  note,
  canNext = true,
  busy = false,
}: {
  at: number
  total: number
  title: string
  lead?: ReactNode
  children: ReactNode
  onBack?: () => void
  onNext?: () => void
  next?: ReactNode
  note?: ReactNode
  canNext?: boolean
  busy?: boolean
}) {
  const h = useRef<HTMLHeadingElement>(null)
  const first = useRef(true)
  useEffect(() => {
    if (first.current) first.current = false
    else h.current?.focus()
  }, [at])
  return (
    <form
      className="flex flex-1 flex-col"
      onSubmit={(e) => {
        e.preventDefault()
        onNext?.()
      }}
    >
      <div key={at} className="tabpanel flex-1">
        <p className="font-mono text-[12.5px] text-ink-3">{t('wizard.step', { step: at + 1, total })}</p>
        <h2 ref={h} tabIndex={-1} className="mt-1.5 font-display text-[28px] leading-[1.12] font-semibold tracking-[-.03em] outline-none">
          {title}
        </h2>
        {lead ? <p className="mt-2 max-w-[62ch] text-ink-2">{lead}</p> : null}
        <div className="mt-6 grid grid-cols-[minmax(0,1fr)] gap-5">{children}</div>
      </div>
      <div className="mt-8 flex flex-wrap items-center gap-3 border-t border-line pt-5">
        {onBack ? (
          <Button kind="quiet" onClick={onBack}>
            <ArrowLeft size={17} className="rtl:-scale-x-100" aria-hidden="true" />
            {t('action.back')}
          </Button>
        ) : null}
        {note ? <p className="text-[13px] text-ink-3">{note}</p> : null}
        {onNext ? (
          <Button type="submit" size="lg" className="ms-auto" disabled={!canNext || busy}>
            {next ?? t('action.continue')}
            {busy ? (
              <LoaderCircle size={17} className="animate-spin" aria-hidden="true" />
            ) : (
              <ArrowRight size={17} className="rtl:-scale-x-100" aria-hidden="true" />
            )}
          </Button>
        ) : null}
      </div>
    </form>
  )
}
