import { type Directory, hasFailed, isRefreshing } from '@/api/directory-queries'
import { StatusPill } from '@/components/status'
import { t } from '@/lib/i18n'
import { formatDateTime, formatRelative } from '@/lib/i18n/format'
import { sentence } from '@/lib/sentence'

/** How a directory is doing, in a word. */
export function DirectoryPill({ directory }: { directory: Directory }) {
  const { last_refresh: last } = directory
  if (!directory.enabled) return <StatusPill state="paused">{t('signins.state.off')}</StatusPill>
  if (isRefreshing(last)) return <StatusPill state="running">{t('directory.refreshing')}</StatusPill>
  if (hasFailed(last))
    return <StatusPill state={last?.state === 'doubtful' ? 'waiting' : 'failed'}>{t('directory.state.failed')}</StatusPill>
  return <StatusPill state="done">{t('signins.state.on')}</StatusPill>
}

/** The last refresh: when, with how many people, and what went wrong. */
export function DirectoryState({ directory }: { directory: Directory }) {
  const { last_refresh: last } = directory
  return (
    <div className="grid gap-3 text-[14px]">
      <p className="flex flex-wrap items-center gap-2.5">
        <DirectoryPill directory={directory} />
        {last ? (
          <span className="text-ink-2" title={formatDateTime(last.at)}>
            {t('directory.refreshed', { when: formatRelative(last.at) })}
          </span>
        ) : (
          <span className="text-ink-2">{t('directory.never_refreshed')}</span>
        )}
      </p>
      {last?.people != null && !hasFailed(last) ? <p className="text-ink-2">{t('directory.people', { count: last.people })}</p> : null}
      {last?.message && !hasFailed(last) ? <p className="text-[13.5px] text-ink-2">{sentence(last.message)}</p> : null}
      {last?.message && hasFailed(last) ? (
        <p role="alert" className="rounded-[14px] border border-danger/40 bg-danger/8 px-3.5 py-3 text-danger [overflow-wrap:anywhere]">
          {sentence(last.message)}
        </p>
      ) : null}
      <p className="text-[13px] text-ink-3">{t('directory.refreshes', { minutes: directory.refresh_minutes })}</p>
    </div>
  )
}
