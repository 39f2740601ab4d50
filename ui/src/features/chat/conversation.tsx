import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { type DragEvent, lazy, Suspense, useEffect, useRef, useState } from 'react'
import { isApiError } from '@/api/error'
import { useCan, useSession } from '@/api/session'
import type { Citation, Message, Ve } from '@/api/types'
import { btn } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { EmptyState } from '@/components/page'
import { t } from '@/lib/i18n'
import { type Refusal, readFiles } from './attachments'
import { Composer, type ComposerHandle } from './composer'
import { readDraft, useDraft } from './drafts'
import { ConversationHeader } from './header'
import { MessageList } from './message-list'
import { isActive } from './run'
import { conversationKey, leaveNewPage } from './run-store'
import { Starters } from './starters'
import type { History } from './use-history'

const Dismissed = lazy(() => import('./dismissed'))

type ConversationProps = {
  ve: Ve
  conversation: string | null
  history: History
  listed: boolean
  onList: (wide: boolean) => void
  onRun: () => void
  onSource: (source: Citation) => void
  className: string
}

/** One conversation: its messages and what is being written to it. */
export function Conversation({ ve, conversation, history, listed, onList, onRun, onSource, className }: ConversationProps) {
  const { answer, turns, query } = history
  const mayChat = useCan('chat.use') && ve.state === 'active'
  const draftKey = conversationKey(useSession().person.id, ve.id, conversation)
  const [draft, change] = useDraft(draftKey)
  const [editing, setEditing] = useState<Message | null>(null)
  const [refused, setRefused] = useState<readonly Refusal[]>([])
  const composer = useRef<ComposerHandle>(null)
  const running = isActive(answer.run)
  useFirstAddress(ve.id, conversation, draftKey, answer.run?.conversation_id ?? null)
  usePrefill(draftKey, change)

  const addFiles = async (files: Iterable<File>) => {
    const read = await readFiles(files, readDraft(draftKey).files)
    change({ files: read.files })
    setRefused(read.refused)
    composer.current?.focus()
  }
  const send = async (text: string) => {
    const files = draft.files
    setRefused([])
    if (editing) {
      setEditing(null)
      await answer.edit(editing.id, text, editing.attachments)
      return
    }
    change({ text: '', files: [] })
    const ended = await answer.send(
      text,
      files.map((file) => ({ name: file.name, text: file.text })),
      draft.dataClass,
    )
    // What was not sent goes back to where it was written, unless something new stands there.
    if (ended.phase === 'refused' && readDraft(draftKey).text === '') change({ text, files })
  }
  const edit = (message: Message) => {
    setEditing(message)
    composer.current?.focus()
  }
  const lastQuestion = turns.findLast((turn) => turn.question)?.question ?? null
  const canEdit = mayChat && !running
  const gone = isApiError(query.error) && query.error.status === 404 && turns.length === 0
  return (
    <DropTarget onFiles={mayChat && !editing ? addFiles : undefined} className={`${className} relative flex flex-col`}>
      <ConversationHeader
        ve={ve}
        conversation={conversation}
        dataClass={draft.dataClass}
        onDataClass={(dataClass) => change({ dataClass })}
        run={answer.run}
        listed={listed}
        onList={onList}
        onRun={onRun}
      />
      {gone ? (
        <Gone ve={ve.id} />
      ) : query.error && turns.length === 0 ? (
        <div className="flex-1 overflow-y-auto">
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        </div>
      ) : conversation === null && turns.length === 0 ? (
        <Starters ve={ve} onPick={mayChat ? (text) => composer.current?.put(text) : undefined} />
      ) : (
        <MessageList
          key={answer.page}
          ve={ve}
          history={history}
          onSource={onSource}
          onEdit={canEdit ? edit : undefined}
          onAgain={canEdit ? (message) => void answer.regenerate(message.id) : undefined}
          onRejoin={(message) => answer.follow(message.id)}
        />
      )}
      {gone ? null : mayChat ? (
        <Composer
          ref={composer}
          ve={ve}
          draft={draft}
          onDraft={change}
          editing={editing}
          onEditEnd={() => setEditing(null)}
          onEditLast={canEdit && lastQuestion ? () => edit(lastQuestion) : undefined}
          onFiles={addFiles}
          refused={refused}
          onRefused={setRefused}
          run={answer.run}
          onSend={(text) => void send(text)}
          onStop={answer.stop}
        />
      ) : (
        <Suspense fallback={null}>
          <Dismissed ve={ve} />
        </Suspense>
      )}
    </DropTarget>
  )
}

/** The address of a conversation that was deleted, or that is somebody else's. */
function Gone({ ve }: { ve: string }) {
  return (
    <div className="flex-1 overflow-y-auto">
      <EmptyState
        title={t('chat.gone_title')}
        action={
          <Link to="/chat/$ve/$conversation" params={{ ve, conversation: 'new' }} className={btn()}>
            {t('chat.new')}
          </Link>
        }
      >
        {t('chat.gone')}
      </EmptyState>
    </div>
  )
}

/** A conversation that has got its id gets its address. */
function useFirstAddress(ve: string, conversation: string | null, key: string, given: string | null) {
  const navigate = useNavigate()
  const isNew = conversation === null
  useEffect(() => {
    if (!isNew || !given) return
    void navigate({
      to: '/chat/$ve/$conversation',
      params: { ve, conversation: given },
      replace: true,
      resetScroll: false,
      viewTransition: false,
    })
  }, [ve, isNew, given, navigate])
  useEffect(() => {
    if (isNew) return () => leaveNewPage(key)
  }, [isNew, key])
}

/** `?ask=` brings words along, for example a sample task of the agent's page; they are sent by the reader, not by the link. */
function usePrefill(draftKey: string, change: (change: { text: string }) => void) {
  const { ask } = useSearch({ strict: false })
  const navigate = useNavigate()
  useEffect(() => {
    if (!ask) return
    if (readDraft(draftKey).text === '') change({ text: ask })
    void navigate({ to: '.', search: {}, replace: true, resetScroll: false, viewTransition: false })
  }, [ask, draftKey, change, navigate])
}

type DropProps = { onFiles?: (files: Iterable<File>) => void; className: string; children: React.ReactNode }
/** Files may be dropped anywhere on the conversation. */
function DropTarget({ onFiles, className, children }: DropProps) {
  const [over, setOver] = useState(false)
  const withFiles = (event: DragEvent) => onFiles !== undefined && event.dataTransfer.types.includes('Files')
  const leave = (event: DragEvent<HTMLElement>) => {
    const to = event.relatedTarget
    if (!(to instanceof Node) || !event.currentTarget.contains(to)) setOver(false)
  }
  return (
    <section
      aria-label={t('chat.title')}
      className={className}
      onDragEnter={(event) => withFiles(event) && setOver(true)}
      onDragOver={(event) => withFiles(event) && event.preventDefault()}
      onDragLeave={leave}
      onDrop={(event) => {
        if (!withFiles(event)) return
        event.preventDefault()
        setOver(false)
        onFiles?.(event.dataTransfer.files)
      }}
    >
      {children}
      {over ? (
        <div className="pointer-events-none absolute inset-2 z-10 grid place-content-center justify-items-center gap-1 rounded-[20px] border-2 border-dashed border-brand bg-brand-soft/95 text-center">
          <p className="font-display text-[20px] font-semibold">{t('chat.drop')}</p>
          <p className="text-[14px] text-ink-2">{t('chat.drop_note')}</p>
        </div>
      ) : null}
    </section>
  )
}
