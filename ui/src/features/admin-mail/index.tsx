import '@/lib/i18n/en/grants'
import '@/lib/i18n/en/mail'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type MailState, mailQueries } from '@/api/mail-queries'
import { ErrorState } from '@/components/error-state'
import { PageHeader } from '@/components/page'
import { CardsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { draftOf, EMPTY } from './mail-draft'
import { MailForm } from './mail-form'
import { MailTest } from './mail-test'
import { SendingState } from './sending-state'

/** By which server this node sends mail, and whether it does. */
export default function MailPage() {
  const { data, error, refetch } = useQuery(mailQueries.state())
  return (
    <>
      <PageHeader title={t('mail.title')}>{t('mail.lead')}</PageHeader>
      {error && !data ? (
        <div className="panel">
          <ErrorState error={error} onRetry={() => void refetch()} />
        </div>
      ) : null}
      {data || error ? null : <CardsSkeleton cards={2} className="lg:grid-cols-2" />}
      {/* What is typed stays while mails come and go; settings that were saved elsewhere take its place. */}
      {data ? <Parts key={data.settings?.updated_at ?? 'none'} state={data} /> : null}
    </>
  )
}

function Parts({ state }: { state: MailState }) {
  const [draft, setDraft] = useState(() => (state.settings ? draftOf(state.settings) : EMPTY))
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-[minmax(0,1.25fr)_minmax(0,1fr)]">
      <MailForm saved={state.settings} draft={draft} onChange={setDraft} />
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
        <SendingState state={state} />
        <MailTest draft={draft} />
      </div>
    </div>
  )
}
