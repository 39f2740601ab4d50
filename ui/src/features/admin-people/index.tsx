import '@/lib/i18n/en/admin'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Link2, UserPlus } from 'lucide-react'
import { useState } from 'react'
import { useCan, useSession } from '@/api/session'
import { Button } from '@/components/button'
import { PageHeader } from '@/components/page'
import { Tabs } from '@/components/tabs'
import { t } from '@/lib/i18n'
import { AddPerson } from './add-person'
import { Invitations } from './invitations'
import { Invite } from './invite'
import { PeopleList } from './people-list'

/** Who may sign in to the organisation, and who is invited. Managing needs `people.manage`; without it the list is read-only. */
export default function People() {
  const { organisation } = useSession()
  const manage = useCan('people.manage')
  const { tab } = useSearch({ from: '/app/admin/people' })
  const navigate = useNavigate()
  const [open, setOpen] = useState<'add' | 'invite' | null>(null)
  const [to, setTo] = useState('')
  const invite = (email = '') => {
    setTo(email)
    setOpen('invite')
  }
  return (
    <>
      <PageHeader
        title={t('people.title')}
        actions={
          manage ? (
            <>
              <Button kind="outline" onClick={() => invite()}>
                <Link2 size={17} aria-hidden="true" />
                {t('people.invite')}
              </Button>
              <Button onClick={() => setOpen('add')}>
                <UserPlus size={17} aria-hidden="true" />
                {t('people.add')}
              </Button>
            </>
          ) : null
        }
      >
        {t('people.lead', { organisation: organisation.name })}
      </PageHeader>
      {manage ? (
        <Tabs
          label={t('people.tabs')}
          value={tab ?? 'people'}
          onChange={(next) => void navigate({ to: '/admin/people', search: { tab: next }, replace: true, resetScroll: false })}
          items={[
            { id: 'people', label: t('people.title'), body: <PeopleList /> },
            { id: 'invitations', label: t('people.invitations.title'), body: <Invitations onInvite={invite} /> },
          ]}
        />
      ) : (
        <PeopleList />
      )}
      {open === 'add' ? <AddPerson onClose={() => setOpen(null)} onInvite={invite} /> : null}
      {open === 'invite' ? <Invite to={to} onClose={() => setOpen(null)} /> : null}
    </>
  )
}
