import { WifiOff } from 'lucide-react'
import type { ReactNode } from 'react'
import { rich, t } from '@/lib/i18n'
import { Backdrop } from './backdrop'
import { Hall } from './hall'
import { PRODUCT_NAME, Wordmark } from './logo'
import { PageTitle } from './page-title'

/** Says what is true of every node: it works without a network. */
export function OfflineBadge() {
  return (
    <span className="pane inline-flex h-9 items-center gap-2 rounded-full px-3.5 text-[13px] font-medium whitespace-nowrap">
      <WifiOff size={15} className="text-success" aria-hidden="true" />
      {t('door.offline')}
    </span>
  )
}

type DoorProps = { label: string; children: ReactNode; badge?: ReactNode; headline?: ReactNode; promise?: string }

/** The frame of the pages outside the hall: the hall itself on one side, a form on the other. */
export function Door({ label, children, badge, headline, promise }: DoorProps) {
  return (
    <>
      <Backdrop />
      <main className="mx-auto grid min-h-dvh max-w-[1680px] gap-3 p-3 max-lg:grid-rows-[auto_1fr] lg:grid-cols-[minmax(0,1.15fr)_minmax(440px,1fr)]">
        <section
          className="horizon relative flex min-h-[300px] flex-col overflow-hidden rounded-[30px] border border-[var(--hair)] p-6 shadow-[var(--sh-2)] sm:p-10"
          aria-label={PRODUCT_NAME}
        >
          <div className="floor" aria-hidden="true" />
          <div className="relative flex items-center justify-between gap-3">
            <Wordmark size={36} />
            {badge ?? <OfflineBadge />}
          </div>
          <div className="absolute inset-x-0 top-[86px] bottom-[-70px] grid place-items-center sm:top-[100px] lg:bottom-[230px]">
            <Hall className="w-[300px] max-w-[78%] sm:w-[420px] lg:w-[min(600px,84%)]" orb={74} state="working" />
          </div>
          <div className="relative mt-auto hidden lg:block">
            <p className="max-w-[15ch] font-display text-[clamp(2.6rem,4vw,3.75rem)] leading-[1.02] font-semibold tracking-[-.035em] text-balance">
              {headline ?? rich('door.headline', { shine: (words) => <span className="shine">{words}</span> })}
            </p>
            <p className="mt-5 max-w-[46ch] text-[16.5px] text-ink-2">{promise ?? t('door.promise')}</p>
          </div>
        </section>
        <section className="flex flex-col justify-center px-2 py-8 sm:px-10 lg:px-16" aria-label={label}>
          <div className="rise mx-auto w-full max-w-[420px]">{children}</div>
        </section>
      </main>
    </>
  )
}

/** The heading of a form outside the hall. */
export function DoorHeading({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <>
      <PageTitle>{title}</PageTitle>
      <h1 className="font-display text-[32px] leading-[1.1] font-semibold tracking-[-.035em] text-balance">{title}</h1>
      {children ? <p className="mt-2 text-ink-2">{children}</p> : null}
    </>
  )
}
