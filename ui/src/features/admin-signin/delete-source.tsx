import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { peopleQueries } from '@/api/people-queries'
import { useCan, useSession } from '@/api/session'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { useOrganisations } from '@/components/group-rules'
import { RowsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'

const NAMES_MAX = 12
/** People are read until all are known, or this many pages of them. */
const PAGES_MAX = 20

/** The people of the organisation acted for whose access comes from a source. */
function useHolders(source: string) {
  const may = useCan('people.read')
  const { data, hasNextPage, isFetching, fetchNextPage, error } = useInfiniteQuery({ ...peopleQueries.people(), enabled: may })
  const pages = data?.pages.length ?? 0
  const more = hasNextPage && pages < PAGES_MAX
  useEffect(() => {
    if (more && !isFetching) void fetchNextPage()
  }, [more, isFetching, fetchNextPage])
  const loading = may && !error && (!data || more)
  const people = data?.pages.flatMap((page) => page.items).filter((person) => person.source === source) ?? []
  return { loading, people }
}

type DeleteSourceProps = {
  source: string
  name: string
  /** Every organisation in which the source gives a role. */
  organisations: readonly string[]
  busy: boolean
  onClose: () => void
  onConfirm: () => void
}

/** Asks before a way in is taken away, and names who loses access by it. */
export function DeleteSource({ source, name, organisations, busy, onClose, onConfirm }: DeleteSourceProps) {
  const { organisation } = useSession()
  const { nameOf } = useOrganisations()
  const { loading, people } = useHolders(source)
  const elsewhere = [...new Set(organisations)].filter((id) => id !== organisation.id).map(nameOf)
  return (
    <Dialog open onClose={onClose} title={t('signins.delete_title', { name })} lead={t('signins.delete_text')}>
      {loading ? <RowsSkeleton rows={2} /> : null}
      {!loading && people.length > 0 ? (
        <div>
          <p className="mb-2 text-[14px] font-medium">{t('signins.losing', { count: people.length, organisation: organisation.name })}</p>
          <ul aria-label={t('signins.losing_list')} className="grid gap-1.5 rounded-[16px] bg-surface-2 p-4 text-[14px] sm:grid-cols-2">
            {people.slice(0, NAMES_MAX).map((person) => (
              <li key={person.id} className="truncate" title={person.email}>
                {person.display_name}
              </li>
            ))}
            {people.length > NAMES_MAX ? (
              <li className="text-ink-2">{t('signins.losing_more', { count: people.length - NAMES_MAX })}</li>
            ) : null}
          </ul>
        </div>
      ) : null}
      {!loading && people.length === 0 ? (
        <p className="text-[14px] text-ink-2">{t('signins.losing_none', { organisation: organisation.name })}</p>
      ) : null}
      {elsewhere.length > 0 ? (
        <p className="mt-3 text-[14px] text-ink-2">{t('signins.losing_elsewhere', { organisations: elsewhere.join(', ') })}</p>
      ) : null}
      <DialogActions>
        <Button kind="outline" onClick={onClose} data-autofocus>
          {t('action.cancel')}
        </Button>
        <Button kind="danger" onClick={onConfirm} disabled={busy}>
          {t('signins.delete')}
        </Button>
      </DialogActions>
    </Dialog>
  )
}
