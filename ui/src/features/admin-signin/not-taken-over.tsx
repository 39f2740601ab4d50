import type { UseQueryResult } from '@tanstack/react-query'
import type { SourceRefusals } from '@/api/directory-queries'
import { ErrorState } from '@/components/error-state'
import { RowsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { formatRelative } from '@/lib/i18n/format'
import { sentence } from '@/lib/sentence'

/** What a directory or provider says of people and the node does not take over, with the reason. */
export function NotTakenOver({ query }: { query: UseQueryResult<SourceRefusals> }) {
  const { data, error, refetch } = query
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (!data) return <RowsSkeleton rows={2} className="p-5" />
  if (data.items.length === 0) return <p className="px-5 pb-5 text-[14px] text-ink-2">{t('signins.kept_none')}</p>
  return (
    <ul aria-label={t('signins.kept')} className="max-h-[420px] divide-y divide-line overflow-y-auto">
      {data.items.map((refusal) => (
        <li key={`${refusal.email} ${refusal.at}`} className="px-5 py-3 text-[14px] [overflow-wrap:anywhere]">
          <p>
            <b className="font-medium">{refusal.display_name}</b> <span className="text-ink-2">{refusal.email}</span>
          </p>
          <p className="text-ink-2">{sentence(refusal.reason)}</p>
          <p className="text-[13px] text-ink-3">{formatRelative(refusal.at)}</p>
        </li>
      ))}
    </ul>
  )
}
