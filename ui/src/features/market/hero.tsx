import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowDown, Users2 } from 'lucide-react'
import { queries } from '@/api/queries'
import { btn } from '@/components/button'
import { FlowStage } from '@/components/flow-stage'
import { rich, t } from '@/lib/i18n'
import { formatNumber } from '@/lib/i18n/format'

/** The promise, the way to the list, and the real flow of work of this organisation. */
export function Hero() {
  const { data: overview } = useQuery(queries.overview())
  const { data: market } = useInfiniteQuery(queries.agents())
  const offered = market?.pages[0]?.total
  const stats: [number | undefined, string][] = [
    [offered, t('market.stat.offered', { count: offered ?? 0 })],
    [overview?.totals.employees, t('market.stat.team')],
    [overview?.today.answers, t('market.stat.answers', { count: overview?.today.answers ?? 0 })],
  ]
  return (
    <section className="horizon relative grid grid-cols-[minmax(0,1fr)] items-center gap-x-8 overflow-hidden rounded-[30px] border border-[var(--hair)] px-6 py-8 shadow-[var(--sh-2)] sm:px-10 xl:grid-cols-[minmax(0,1fr)_minmax(0,1.12fr)] xl:py-6">
      <div className="floor" aria-hidden="true" />
      <div className="relative">
        <p className="flex min-h-5 items-center gap-2 text-[13px] text-ink-2 max-sm:min-h-10">
          {offered === undefined ? null : (
            <>
              <span className="size-2 shrink-0 rounded-full bg-brand" aria-hidden="true" />
              {t('market.eyebrow', { count: offered })}
            </>
          )}
        </p>
        <h1 className="mt-4 font-display text-[clamp(2.25rem,4.3vw,3.9rem)] leading-[1.02] font-semibold tracking-[-.035em] text-balance">
          {rich('market.headline', { shine: (words) => <span className="shine">{words}</span> })}
        </h1>
        <p className="mt-5 max-w-[46ch] text-[16.5px] text-pretty text-ink-2">{t('market.lead')}</p>
        <div className="mt-7 flex flex-wrap gap-3">
          <a href="#grid" className={btn('brand', 'lg')}>
            {t('market.browse')}
            <ArrowDown size={17} aria-hidden="true" />
          </a>
          <Link to="/team" className={btn('outline', 'lg')}>
            <Users2 size={16} aria-hidden="true" />
            {t('market.to_team')}
          </Link>
        </div>
        <dl className="mt-8 grid max-w-[480px] grid-cols-3 gap-x-5">
          {stats.map(([value, label]) => (
            <div key={label} className="flex flex-col-reverse justify-end">
              <dt className="text-[12.5px] text-ink-3">{label}</dt>
              <dd className="min-h-[33px] font-display text-[26px] leading-tight font-semibold tracking-tight tabular-nums">
                {value === undefined ? null : formatNumber(value)}
              </dd>
            </div>
          ))}
        </dl>
      </div>
      <div className="relative mt-8 h-[300px] sm:h-[380px] xl:mt-0 xl:h-[400px]">
        <FlowStage />
      </div>
    </section>
  )
}
