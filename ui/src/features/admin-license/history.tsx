import { useInfiniteQuery } from '@tanstack/react-query'
import { licenseQueries } from '@/api/license-queries'
import type { LicenseEvent } from '@/api/types'
import { Button } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { EmptyState, Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { optional, t } from '@/lib/i18n'
import { formatDateTime } from '@/lib/i18n/format'
import { stateOf } from './state-card'

/** What happened to the licence, newest first. */
export function History() {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(licenseQueries.history())
  const events = data?.pages.flatMap((page) => page.items)
  if (error && !data) return <ErrorState error={error} onRetry={() => void refetch()} />
  return (
    <Panel title={t('license.tab.history')} className="mt-5">
      {events ? null : <RowsSkeleton rows={4} />}
      {events?.length === 0 ? <EmptyState title={t('license.history_none')} /> : null}
      <ol className="grid">
        {events?.map((event) => (
          <li
            key={event.id}
            className="flex flex-wrap items-baseline gap-x-4 gap-y-0.5 border-b border-line py-2.5 text-[14.5px] last:border-0"
          >
            <span className="min-w-0 flex-1 basis-[240px] break-words">{words(event)}</span>
            <time dateTime={event.at} className="text-[13px] text-ink-3">
              {formatDateTime(event.at)}
            </time>
          </li>
        ))}
      </ol>
      {hasNextPage ? (
        <div className="mt-4">
          <Button kind="outline" size="sm" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t('action.more')}
          </Button>
        </div>
      ) : null}
    </Panel>
  )
}

function words({ kind, details }: LicenseEvent): string {
  const text = (name: string) => String(details[name] ?? '')
  switch (kind) {
    case 'imported':
      return t('license.event.imported', { kind: text('kind'), number: text('number') })
    case 'state_changed':
      return t('license.event.state_changed', { state: t(`license.short.${stateOf(text('to'))}`) })
    case 'request_made':
      return t('license.event.request_made', { number: text('counter') })
    case 'notice':
      return t('license.event.notice', { days: Number(details.days ?? 0) })
    case 'usage_exported':
      return t('license.event.usage_exported', { first: text('first'), last: text('last') })
    case 'file_refused':
      return t('license.event.file_refused', { file: text('file'), reason: text('reason') })
    case 'server_contacted':
      return t(details.failure ? 'license.event.server_contact_failed' : 'license.event.server_contacted')
    default:
      return optional(`license.event.${kind}`) ?? kind
  }
}
