import { useQueryClient } from '@tanstack/react-query'
import { type ErrorComponentProps, Link, useRouter, useRouterState } from '@tanstack/react-router'
import { LockKeyhole } from 'lucide-react'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import type { Session } from '@/api/types'
import { Backdrop } from '@/components/backdrop'
import { Button, btn } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { Hall } from '@/components/hall'
import { PRODUCT_NAME, Wordmark } from '@/components/logo'
import { PageTitle } from '@/components/page-title'
import { PageSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { Forbidden } from '../guards'

/** What stands where a page could not be shown: refused, missing, unreachable or broken. */
export function RouteError({ error, reset }: ErrorComponentProps) {
  const router = useRouter()
  const retry = () => {
    reset()
    void router.invalidate()
  }
  if (error instanceof Forbidden) return <NotForYou />
  if (isApiError(error) && error.status === 404) return <NotFound />
  const broken = !isApiError(error)
  return (
    <div className="grid min-h-[60dvh] place-content-center">
      <ErrorState error={error} title={broken ? t('error.crash_title') : undefined} onRetry={broken ? undefined : retry} />
      {broken ? (
        <Button kind="outline" size="sm" className="justify-self-center" onClick={() => location.reload()}>
          {t('action.reload')}
        </Button>
      ) : null}
    </div>
  )
}

function NotForYou() {
  const session = useQueryClient().getQueryData<Session | null>(keys.session)
  return (
    <div className="grid min-h-[60dvh] place-content-center justify-items-center gap-3 text-center">
      <span className="grid size-14 place-items-center rounded-full bg-brand-soft text-brand">
        <LockKeyhole size={26} aria-hidden="true" />
      </span>
      <PageTitle>{t('error.forbidden_title')}</PageTitle>
      <h1 className="font-display text-[26px] font-semibold tracking-[-.03em]">{t('error.forbidden_title')}</h1>
      <p className="max-w-[46ch] text-ink-2">{t('error.forbidden', { organisation: session?.organisation.name ?? PRODUCT_NAME })}</p>
      <Link to="/" className={btn('outline', 'sm', 'mt-2')}>
        {t('action.home')}
      </Link>
    </div>
  )
}

/** The same where there is no frame around it. */
export const BareRouteError = (props: ErrorComponentProps) => (
  <>
    <Backdrop />
    <RouteError {...props} />
  </>
)

/** The frame before the session is known: rail, bar and page as outlines. */
export const FrameSkeleton = () => (
  <>
    <Backdrop />
    <div className="mx-auto flex min-h-dvh max-w-[1680px] lg:gap-2 lg:p-3">
      <div className="pane hidden w-[232px] shrink-0 rounded-[24px] p-3 shadow-[var(--sh-2)] lg:block lg:h-[calc(100dvh-24px)]">
        <div className="px-2 pt-1.5">
          <Wordmark size={30} />
        </div>
      </div>
      <div className="min-w-0 flex-1">
        <div className="glass h-16 border-x-0 border-t-0 lg:rounded-[20px] lg:border" />
        <div className="px-4 pt-6 lg:px-3">
          <PageSkeleton />
        </div>
      </div>
    </div>
  </>
)

/** The same without a frame around it. */
export const BareNotFound = () => (
  <>
    <Backdrop />
    <NotFound />
  </>
)

/** 404: an unlit hall, the path, and the way home. */
export function NotFound() {
  const path = useRouterState({ select: (state) => state.location.pathname })
  return (
    <>
      <PageTitle>{t('error.missing_title')}</PageTitle>
      <div className="grid min-h-[70dvh] place-content-center justify-items-center gap-3 px-6 text-center">
        <Hall className="w-[min(340px,80vw)]" lit={0.2} orb={48} state="off" />
        <h1 className="font-display text-[32px] leading-tight font-semibold tracking-[-.035em]">{t('error.missing_title')}</h1>
        <p className="max-w-[52ch] text-ink-2">{t('error.missing', { path })}</p>
        <Link to="/" className={btn('brand', 'md', 'mt-3')}>
          {t('action.home')}
        </Link>
      </div>
    </>
  )
}
