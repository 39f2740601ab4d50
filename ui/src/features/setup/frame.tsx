import type { ReactNode } from 'react'
import { Backdrop } from '@/components/backdrop'
import { OfflineBadge } from '@/components/door'
import { Hall } from '@/components/hall'
import { Wordmark } from '@/components/logo'
import { PageTitle } from '@/components/page-title'
import { StepRail } from '@/components/steprail'
import { t } from '@/lib/i18n'

export const STEPS = ['organisation', 'administrator', 'models'] as const

/** The two panels of the wizard. `at` is the current step; `STEPS.length` means finished, `null` that no step is open. */
export function Frame({ at, node, children }: { at: number | null; node: string | undefined; children: ReactNode }) {
  const done = at === STEPS.length
  const progress = (at ?? 0) / STEPS.length
  const steps = STEPS.map((step) => ({ title: t(`setup.step.${step}`), note: t(`setup.step.${step}_note`) }))
  return (
    <>
      <Backdrop />
      <PageTitle>{done ? t('setup.title_done') : t('setup.title')}</PageTitle>
      <main className="mx-auto grid min-h-dvh max-w-[1680px] gap-3 p-3 max-lg:grid-rows-[auto_1fr] lg:grid-cols-[minmax(340px,.8fr)_minmax(0,1.4fr)]">
        <section
          className="horizon relative flex flex-col overflow-hidden rounded-[30px] border border-[var(--hair)] p-6 shadow-[var(--sh-2)] sm:p-8"
          aria-label={t('setup.region')}
        >
          <div className="floor" aria-hidden="true" />
          <div className="relative flex items-center justify-between gap-3">
            <Wordmark size={34} />
            <OfflineBadge />
          </div>
          <h1 className="relative mt-7 font-display text-[32px] leading-[1.08] font-semibold tracking-[-.035em] text-balance lg:mt-10">
            {done ? t('setup.title_done') : t('setup.title')}
          </h1>
          {at === null ? null : (
            <>
              <p className="relative mt-2 text-[13.5px] text-ink-2 lg:mb-7">
                {done ? t('setup.progress_done') : t('setup.progress', { done: at, total: STEPS.length })}
              </p>
              <div className="relative mt-4 h-1.5 overflow-hidden rounded-full bg-surface-2 lg:hidden">
                <div className="bar h-full rounded-full" style={{ transform: `scaleX(${progress})` }} />
              </div>
              <div className="relative hidden lg:block">
                <StepRail label={t('setup.steps')} steps={steps} at={at} />
              </div>
            </>
          )}
          <div className="relative mt-auto hidden justify-center pt-6 lg:flex">
            <Hall
              className="mb-[-70px] w-[min(430px,100%)]"
              lit={progress}
              orb={58}
              state={done ? 'working' : progress > 0 ? undefined : 'off'}
            />
          </div>
        </section>
        <section className="panel flex flex-col rounded-[30px] p-6 sm:p-10 lg:p-12" aria-label={t('setup.title')}>
          <div className="mx-auto my-auto flex w-full max-w-[720px] flex-col sm:min-h-[560px]">{children}</div>
          {node && at !== null ? (
            <p className="mx-auto mt-6 w-full max-w-[720px] text-[13px] text-ink-3">{t('setup.stays', { node })}</p>
          ) : null}
        </section>
      </main>
    </>
  )
}
