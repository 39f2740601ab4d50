import type { UseQueryResult } from '@tanstack/react-query'
import type { SourceRefusals } from '@/api/directory-queries'
import { ErrorState } from '@/components/error-state'
import { RowsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { formatDateTime, formatRelative } from '@/lib/i18n/format'
import { sentence } from '@/lib/sentence'

/** What a directory or provider says of people and the node does not take over, with the reason. */
export function NotTakenOver({ query }: { query: UseQueryResult<SourceRefusals> }) {
  const { data, error, refetch } = query
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (!data) return <RowsSkeleton rows={2} className="p-5" />
  if (data.items.length === 0) return <p className="px-5 pb-5 text-[14px] text-ink-2">{t('signins.kept_none')}</p>
  return (
    <>
      <p className="-mt-2 max-w-[72ch] px-5 pb-4 text-[14px] text-ink-2">{t('signins.kept_lead')}</p>
      <ul aria-label={t('signins.kept')} className="max-h-[420px] divide-y divide-line overflow-y-auto border-t border-line">
        {data.items.map((refusal) => (
          <li key={`${refusal.email} ${refusal.at}`} className="grid gap-1 px-5 py-3.5 text-[14px] [overflow-wrap:anywhere]">
            <p className="flex flex-wrap items-baseline gap-x-2">
              <b className="text-[15px] font-medium">{refusal.display_name}</b>
              <span className="text-ink-2">{refusal.email}</span>
              <span className="text-[13px] text-ink-3 sm:ms-auto" title={formatDateTime(refusal.at)}>
                {t('signins.kept_when', { when: formatRelative(refusal.at) })}
              </span>
            </p>
            <p className="max-w-[90ch] text-ink-2">{sentence(refusal.reason)}</p>
          </li>
        ))}
      </ul>
    </>
  )
}
