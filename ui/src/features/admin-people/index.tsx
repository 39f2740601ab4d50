import '@/lib/i18n/en/admin'
import { useInfiniteQuery } from '@tanstack/react-query'
import { UserPlus } from 'lucide-react'
import { useState } from 'react'
import { queries } from '@/api/queries'
import { useCan, useSession } from '@/api/session'
import type { Member } from '@/api/types'
import { Button } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { PageHeader, Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { AddPerson } from './add-person'
import { type MemberAction, MemberActions } from './member-actions'
import { MemberRow } from './member-row'

/** Everybody who may sign in to the organisation. Managing needs `people.manage`; without it the list is read-only. */
export default function People() {
  const { organisation } = useSession()
  const manage = useCan('people.manage')
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(queries.people())
  const [adding, setAdding] = useState(false)
  const [asked, setAsked] = useState<{ action: MemberAction; member: Member } | null>(null)
  const members = data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      <PageHeader
        title={t('people.title')}
        actions={
          manage ? (
            <Button onClick={() => setAdding(true)}>
              <UserPlus size={17} aria-hidden="true" />
              {t('people.add')}
            </Button>
          ) : null
        }
      >
        {t('people.lead', { organisation: organisation.name })}
      </PageHeader>
      <Panel pad={false}>
        {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
        {data || error ? null : <RowsSkeleton rows={5} className="p-5" />}
        <ul aria-label={t('people.list', { organisation: organisation.name })} className="divide-y divide-line">
          {members.map((member) => (
            <MemberRow key={member.id} member={member} manage={manage} onAsk={(action) => setAsked({ action, member })} />
          ))}
        </ul>
        {hasNextPage ? (
          <div className="border-t border-line p-4 text-center">
            <Button kind="outline" size="sm" onClick={() => void fetchNextPage()} disabled={isFetchingNextPage}>
              {t('action.more')}
            </Button>
          </div>
        ) : null}
      </Panel>
      {members.length === 1 && manage ? <p className="mt-4 px-1 text-[14px] text-ink-2">{t('people.only_you')}</p> : null}
      {adding ? <AddPerson onClose={() => setAdding(false)} /> : null}
      {asked ? <MemberActions key={asked.action} {...asked} onClose={() => setAsked(null)} /> : null}
    </>
  )
}
