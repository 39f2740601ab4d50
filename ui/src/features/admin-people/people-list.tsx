import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { peopleQueries } from '@/api/people-queries'
import { useCan, useSession } from '@/api/session'
import type { Member } from '@/api/types'
import { ErrorState } from '@/components/error-state'
import { MoreRows } from '@/components/more-rows'
import { Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { type MemberAction, MemberActions } from './member-actions'
import { MemberRow } from './member-row'
import { useRoles } from './use-roles'

/** Everybody who may sign in to the organisation. */
export function PeopleList() {
  const { organisation } = useSession()
  const manage = useCan('people.manage')
  const roles = useRoles()
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(peopleQueries.people())
  const [asked, setAsked] = useState<{ action: MemberAction; member: Member } | null>(null)
  const members = data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      <Panel pad={false}>
        {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
        {data || error ? null : <RowsSkeleton rows={5} className="p-5" />}
        <ul aria-label={t('people.list', { organisation: organisation.name })} className="divide-y divide-line">
          {members.map((member) => (
            <MemberRow key={member.id} member={member} roles={roles} manage={manage} onAsk={(action) => setAsked({ action, member })} />
          ))}
        </ul>
        <MoreRows hasNextPage={hasNextPage} isFetchingNextPage={isFetchingNextPage} fetchNextPage={fetchNextPage} />
      </Panel>
      {members.length === 1 && manage ? <p className="mt-4 px-1 text-[14px] text-ink-2">{t('people.only_you')}</p> : null}
      {asked ? <MemberActions key={asked.action} {...asked} onClose={() => setAsked(null)} /> : null}
    </>
  )
}
