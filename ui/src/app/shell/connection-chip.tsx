import { useConnection } from '@/api/events'
import { t } from '@/lib/i18n'

const DOTS = { live: 'bg-success', connecting: 'bg-field', reconnecting: 'bg-warn', lost: 'bg-danger' } as const

/** Whether this tab hears the node. */
export function ConnectionChip() {
  const connection = useConnection()
  const text = t(`connection.${connection}`)
  const quiet = connection === 'live' || connection === 'connecting'
  return (
    <span
      role="status"
      className={`h-8 items-center gap-2 rounded-full border border-line bg-surface/70 px-3 text-[12.5px] whitespace-nowrap text-ink-2 ${quiet ? 'hidden xl:flex' : 'flex'}`}
    >
      <span className={`size-2 shrink-0 rounded-full ${DOTS[connection]}`} />
      <span className={quiet ? '' : 'max-sm:sr-only'}>{text}</span>
    </span>
  )
}

/** A line above the page while the node does not answer: what is shown may be old. */
export function LostBanner() {
  if (useConnection() !== 'lost') return null
  return (
    <p className="rise mb-5 rounded-[16px] border border-danger/40 bg-danger/8 px-4 py-3 text-[14px] text-danger">
      {t('connection.lost_note')}
    </p>
  )
}
