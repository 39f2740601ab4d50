import { Link } from '@tanstack/react-router'
import { ArrowLeft, Check } from 'lucide-react'
import type { ReactNode } from 'react'
import { PageHeader } from '@/components/page'
import { StepRail } from '@/components/steprail'
import { t } from '@/lib/i18n'

/** The way back to the overview, above the title of every page below it. */
export const BackToSignIn = () => (
  <Link
    to="/admin/sign-in"
    className="mb-3 inline-flex items-center gap-1.5 rounded-lg px-1 py-1 text-[14px] font-medium text-ink-2 hover:text-brand"
  >
    <ArrowLeft size={16} className="rtl:-scale-x-100" aria-hidden="true" />
    {t('signins.back')}
  </Link>
)

type FrameProps = { title: string; lead: string; steps: readonly { title: string; note?: ReactNode }[]; at: number; children: ReactNode }

/** A wizard on a page: its steps at the side, or as a bar where there is no room. On a phone the heading of each step says enough. */
export function WizardPage({ title, lead, steps, at, children }: FrameProps) {
  return (
    <>
      <BackToSignIn />
      <PageHeader title={title}>{lead}</PageHeader>
      <Bar names={steps.map((step) => step.title)} at={at} />
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-[280px_minmax(0,1fr)]">
        <aside className="panel p-6 max-xl:hidden">
          <StepRail label={t('signins.steps')} steps={[...steps]} at={at} />
        </aside>
        <section className="panel flex flex-col p-5 sm:p-8 lg:min-h-[480px]" style={{ '--i': 1 }}>
          {children}
        </section>
      </div>
    </>
  )
}

function Bar({ names, at }: { names: readonly string[]; at: number }) {
  return (
    <ol aria-label={t('signins.steps')} className="rise mb-5 flex gap-1.5 px-1 xl:hidden">
      {names.map((name, index) => {
        const [done, now] = [index < at, index === at]
        return (
          <li key={name} aria-current={now ? 'step' : undefined} className="min-w-0 flex-1">
            <span className="block h-1.5 overflow-hidden rounded-full bg-line">
              <span className="bar block h-full rounded-full" style={{ transform: `scaleX(${done ? 1 : now ? 0.5 : 0})` }} />
            </span>
            <span
              className={`mt-1.5 flex items-center gap-1 text-[13px] max-md:sr-only ${now ? 'font-semibold whitespace-nowrap text-brand' : 'truncate text-ink-2'}`}
            >
              {done ? <Check size={13} strokeWidth={3} className="shrink-0" aria-hidden="true" /> : null}
              {name}
            </span>
          </li>
        )
      })}
    </ol>
  )
}
