import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { ChevronsUpDown, Ellipsis, PencilLine, SquarePen, Trash2 } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { queries } from '@/api/queries'
import type { Conversation, Ve } from '@/api/types'
import { orbState } from '@/components/agent-facts'
import { agentIcon } from '@/components/agent-icon'
import { Button, btn, IconButton } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { Menu, MenuItem } from '@/components/menu'
import { Orb } from '@/components/orb'
import { RowsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { formatRelative } from '@/lib/i18n/format'

const RenameThread = lazy(() => import('./thread-actions').then((actions) => ({ default: actions.RenameThread })))
const DeleteThread = lazy(() => import('./thread-actions').then((actions) => ({ default: actions.DeleteThread })))

type ThreadsProps = { ve: Ve; conversation: string | null; onPick: () => void }

/** Whom to talk to, and one's conversations with them. */
export function Threads({ ve, conversation, onPick }: ThreadsProps) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(queries.conversations(ve.id))
  const [asked, setAsked] = useState<{ what: 'rename' | 'delete'; thread: Conversation } | null>(null)
  const threads = data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      <div className="grid grid-cols-[minmax(0,1fr)] gap-2 border-b border-line p-3">
        <Employees ve={ve} onPick={onPick} />
        {ve.state === 'active' ? (
          <Link
            to="/chat/$ve/$conversation"
            viewTransition={false}
            params={{ ve: ve.id, conversation: 'new' }}
            onClick={onPick}
            aria-current={conversation === null ? 'page' : undefined}
            className={btn('outline', 'sm', 'w-full')}
          >
            <SquarePen size={15} aria-hidden="true" />
            {t('chat.new')}
          </Link>
        ) : null}
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto p-2">
        {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
        {data || error ? null : <RowsSkeleton rows={5} className="p-3" />}
        {data && threads.length === 0 ? <p className="px-3 py-2 text-[13.5px] text-ink-2">{t('chat.no_conversations')}</p> : null}
        <ul aria-label={t('chat.conversations_of', { name: ve.persona_name })} className="grid gap-0.5">
          {threads.map((thread) => (
            <Thread
              key={thread.id}
              thread={thread}
              on={thread.id === conversation}
              onPick={onPick}
              onAsk={(what) => setAsked({ what, thread })}
            />
          ))}
        </ul>
        {hasNextPage ? (
          <Button kind="quiet" size="sm" className="mt-2 w-full" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t('action.more')}
          </Button>
        ) : null}
      </div>
      <Suspense>
        {asked?.what === 'rename' ? <RenameThread thread={asked.thread} onClose={() => setAsked(null)} /> : null}
        {asked?.what === 'delete' ? (
          <DeleteThread thread={asked.thread} isOpen={asked.thread.id === conversation} onClose={() => setAsked(null)} />
        ) : null}
      </Suspense>
    </>
  )
}

/** The employee of this conversation; pressing it offers the others. */
function Employees({ ve, onPick }: { ve: Ve; onPick: () => void }) {
  const navigate = useNavigate()
  const { data } = useQuery(queries.ves('active'))
  const others = data?.items.filter((employee) => employee.id !== ve.id) ?? []
  const face = (employee: Ve, size: number) => (
    <Orb hue={employee.agent.hue} size={size} icon={agentIcon(employee.agent.icon)} state={orbState(employee)} />
  )
  return (
    <Menu
      label={t('chat.switch')}
      trigger={(props) => (
        <button
          type="button"
          {...props}
          title={t('chat.switch')}
          className="flex w-full items-center gap-3 rounded-[16px] p-2 text-start transition-colors hover:bg-surface-2"
        >
          {face(ve, 34)}
          <span className="min-w-0 flex-1">
            <b className="block truncate text-[14.5px] leading-tight font-semibold">{ve.persona_name}</b>
            <span className="block truncate text-[12.5px] text-ink-2">{ve.agent.name}</span>
          </span>
          <ChevronsUpDown size={15} className="shrink-0 text-ink-3" aria-hidden="true" />
        </button>
      )}
    >
      {others.map((employee) => (
        <MenuItem
          key={employee.id}
          onClick={() => {
            onPick()
            void navigate({ to: '/chat/$ve', params: { ve: employee.id } })
          }}
        >
          {face(employee, 24)}
          <span className="min-w-0 truncate">{employee.persona_name}</span>
        </MenuItem>
      ))}
      <MenuItem
        link={(props, body) => (
          <Link to="/market" {...props}>
            {body}
          </Link>
        )}
      >
        {t('chat.nobody_action')}
      </MenuItem>
    </Menu>
  )
}

type ThreadProps = { thread: Conversation; on: boolean; onPick: () => void; onAsk: (what: 'rename' | 'delete') => void }
function Thread({ thread, on, onPick, onAsk }: ThreadProps) {
  return (
    <li
      className={`group/thread relative flex items-center rounded-[13px] transition-colors ${on ? 'bg-brand-soft' : 'hover:bg-surface-2'}`}
    >
      <Link
        to="/chat/$ve/$conversation"
        viewTransition={false}
        params={{ ve: thread.ve_id, conversation: thread.id }}
        onClick={onPick}
        aria-current={on ? 'page' : undefined}
        className="min-w-0 flex-1 rounded-[13px] py-2 ps-3"
      >
        <span className={`flex items-center gap-2 text-[14px] leading-snug ${on ? 'font-medium text-brand' : ''}`}>
          {thread.busy ? (
            <span className="pulse size-1.5 shrink-0 rounded-full bg-cyan">
              <span className="sr-only">{t('chat.thread_busy')}</span>
            </span>
          ) : null}
          <span className="truncate">{thread.title}</span>
        </span>
        <span className="block truncate text-[12px] text-ink-3">{formatRelative(thread.last_message_at)}</span>
      </Link>
      <Menu
        label={t('chat.thread_menu', { title: thread.title })}
        trigger={(props) => (
          <IconButton {...props} label={t('chat.thread_menu', { title: thread.title })} className="thread-tools">
            <Ellipsis size={17} />
          </IconButton>
        )}
      >
        <MenuItem icon={PencilLine} onClick={() => onAsk('rename')}>
          {t('chat.rename')}
        </MenuItem>
        <MenuItem icon={Trash2} danger onClick={() => onAsk('delete')}>
          {t('chat.delete')}
        </MenuItem>
      </Menu>
    </li>
  )
}
