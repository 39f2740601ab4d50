import { useInfiniteQuery } from '@tanstack/react-query'
import { type AwaitedPerson, peopleQueries } from '@/api/people-queries'
import { Button } from '@/components/button'
import { MoreRows } from '@/components/more-rows'
import { Panel } from '@/components/page'
import { t } from '@/lib/i18n'
import { formatDate } from '@/lib/i18n/format'
import { roleTitle } from '@/lib/role-title'
import { useRoles } from './use-roles'

/** Whom the directory names and who has to say yes first. Nothing where there is nobody. */
export function Awaited({ onInvite }: { onInvite: (email: string) => void }) {
  const { data, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(peopleQueries.awaited())
  const roles = useRoles()
  const people = data?.pages.flatMap((page) => page.items) ?? []
  if (people.length === 0) return null
  const titleOf = (person: AwaitedPerson) => roles.find((role) => role.id === person.role)?.title ?? roleTitle(person.role)
  return (
    <Panel title={t('people.awaited.title')} pad={false} className="mb-4">
      <p className="max-w-[72ch] px-5 pb-4 text-[14px] text-ink-2">{t('people.awaited.lead')}</p>
      <ul aria-label={t('people.awaited.title')} className="divide-y divide-line border-t border-line">
        {people.map((person) => (
          <li key={person.id} className="flex flex-wrap items-center gap-3 px-5 py-3.5">
            <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">
              <b className="block text-[15px] font-medium">{person.display_name}</b>
              <span className="block text-[13px] text-ink-2">
                {t('people.awaited.what', { email: person.email, role: titleOf(person), when: formatDate(person.since) })}
              </span>
            </span>
            <Button
              kind="outline"
              size="sm"
              aria-label={t('people.awaited.invite_of', { name: person.display_name })}
              onClick={() => onInvite(person.email)}
            >
              {t('people.invite')}
            </Button>
          </li>
        ))}
      </ul>
      <MoreRows hasNextPage={hasNextPage} isFetchingNextPage={isFetchingNextPage} fetchNextPage={fetchNextPage} />
    </Panel>
  )
}
