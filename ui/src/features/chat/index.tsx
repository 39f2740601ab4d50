import '@/lib/i18n/en/chat'
import '@/lib/i18n/en/work'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, Navigate, useParams } from '@tanstack/react-router'
import { queries } from '@/api/queries'
import { useCan } from '@/api/session'
import type { Ve } from '@/api/types'
import { btn } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { EmptyState, PageHeader } from '@/components/page'
import { t } from '@/lib/i18n'
import { ChatSkeleton, Workspace } from './workspace'

/** The address of a conversation that has not begun. */
const NEW = 'new'

/** `/chat` leads to the employee talked to last, `/chat/<employee>` to the latest conversation with them. */
export default function Chat() {
  const { ve, conversation } = useParams({ strict: false })
  if (!ve) return <LatestEmployee />
  if (!conversation) return <LatestConversation ve={ve} />
  return <Employee key={ve} id={ve} conversation={conversation === NEW ? null : conversation} />
}

function latest(employees: readonly Ve[]): Ve | undefined {
  const recency = (employee: Ve) => employee.last_message_at ?? employee.hired_at
  return [...employees].sort((first, second) => recency(second).localeCompare(recency(first)))[0]
}

function LatestEmployee() {
  const mayHire = useCan('team.hire')
  const { data, error, refetch } = useQuery(queries.ves('active'))
  if (error) return <Failed error={error} onRetry={() => void refetch()} />
  if (!data) return <ChatSkeleton />
  const employee = latest(data.items)
  if (employee) return <Navigate to="/chat/$ve" params={{ ve: employee.id }} replace viewTransition={false} />
  return (
    <>
      <PageHeader title={t('chat.title')} />
      <section className="panel">
        <EmptyState
          title={t('chat.nobody_title')}
          action={
            <Link to="/market" className={btn()}>
              {t('chat.nobody_action')}
            </Link>
          }
        >
          {mayHire ? t('chat.nobody') : t('chat.nobody_member')}
        </EmptyState>
      </section>
    </>
  )
}

function LatestConversation({ ve }: { ve: string }) {
  const { data, error, refetch } = useInfiniteQuery(queries.conversations(ve))
  if (error) return <Failed error={error} onRetry={() => void refetch()} />
  if (!data) return <ChatSkeleton />
  const conversation = data.pages[0]?.items[0]?.id ?? NEW
  return <Navigate to="/chat/$ve/$conversation" params={{ ve, conversation }} replace viewTransition={false} />
}

function Employee({ id, conversation }: { id: string; conversation: string | null }) {
  const { data, error, refetch } = useQuery(queries.ve(id))
  if (data) return <Workspace ve={data} conversation={conversation} />
  if (error) return <Failed error={error} onRetry={() => void refetch()} />
  return <ChatSkeleton />
}

function Failed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <>
      <PageHeader title={t('chat.title')} />
      <ErrorState error={error} onRetry={onRetry} />
    </>
  )
}
