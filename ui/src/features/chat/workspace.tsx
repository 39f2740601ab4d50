import { useEffect, useState } from 'react'
import type { Citation, Ve } from '@/api/types'
import { loadMarkCloser } from '@/components/markdown-blocks'
import { PageTitle } from '@/components/page-title'
import { SideSheet } from '@/components/side-sheet'
import { Bone } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { CitationSheet } from './citation-sheet'
import { Conversation } from './conversation'
import { LiveRun } from './live-run'
import { Threads } from './threads'
import { useHistory } from './use-history'

type Sheet = 'threads' | 'run' | null

const FRAME = 'chat-height grid grid-cols-[minmax(0,1fr)] gap-3'
/** The live run stands beside the conversation where that leaves enough room to read. */
const THREE_COLUMNS = 'xl:grid-cols-[236px_minmax(0,1fr)] min-[87.5rem]:grid-cols-[236px_minmax(0,1fr)_316px]'
const COLUMN = 'min-h-0 overflow-hidden rounded-[26px] border border-line bg-surface/75 shadow-[var(--sh-2)]'

/** Conversations, the open one, and its live run side by side; on narrower windows the outer two are sheets. */
export function Workspace({ ve, conversation }: { ve: Ve; conversation: string | null }) {
  const history = useHistory(ve, conversation)
  const [sheet, setSheet] = useState<Sheet>(null)
  useEffect(() => void loadMarkCloser(), [])
  const [source, setSource] = useState<Citation | null>(null)
  const [listed, setListed] = useState(true)
  const live = <LiveRun ve={ve} run={history.answer.run} answer={history.latest} onSource={setSource} />
  const threads = <Threads ve={ve} conversation={conversation} onPick={() => setSheet(null)} />
  const columns = listed ? THREE_COLUMNS : 'xl:grid-cols-[minmax(0,1fr)_340px]'
  return (
    <div className={`${FRAME} ${columns}`}>
      <PageTitle>{ve.persona_name}</PageTitle>
      {listed ? (
        <nav aria-label={t('chat.conversations')} className={`${COLUMN} hidden flex-col xl:flex`}>
          {threads}
        </nav>
      ) : null}
      <Conversation
        ve={ve}
        conversation={conversation}
        history={history}
        listed={listed}
        onList={(wide) => (wide ? setListed(!listed) : setSheet('threads'))}
        onRun={() => setSheet('run')}
        onSource={setSource}
        className={COLUMN}
      />
      <aside aria-label={t('chat.run')} className={`${COLUMN} hidden flex-col ${listed ? 'min-[87.5rem]:flex' : 'xl:flex'}`}>
        <h2 className="px-5 pt-5 font-display text-[18px] font-semibold tracking-tight">{t('chat.run')}</h2>
        <div className="min-h-0 flex-1 overflow-y-auto px-5 pt-3 pb-5">{live}</div>
      </aside>
      <SideSheet open={sheet === 'threads'} from="start" title={t('chat.conversations')} onClose={() => setSheet(null)}>
        {threads}
      </SideSheet>
      <SideSheet open={sheet === 'run'} title={t('chat.run')} onClose={() => setSheet(null)}>
        {live}
      </SideSheet>
      <CitationSheet agent={ve.agent.slug} source={source} onClose={() => setSource(null)} />
    </div>
  )
}

export function ChatSkeleton() {
  return (
    <div role="status" aria-label={t('loading.page')} className={`${FRAME} ${THREE_COLUMNS}`}>
      <div className={`${COLUMN} hidden p-5 xl:block`}>
        <Bone className="h-10 w-full" />
      </div>
      <div className={`${COLUMN} flex flex-col gap-6 p-6`}>
        <Bone className="h-11 w-56" />
        <Bone className="ms-auto h-14 w-3/5 rounded-[20px]" />
        <Bone className="h-4 w-4/5" />
        <Bone className="h-4 w-3/5" />
        <Bone className="mt-auto h-24 w-full rounded-[20px]" />
      </div>
      <div className={`${COLUMN} hidden p-5 min-[87.5rem]:block`}>
        <Bone className="h-6 w-24" />
      </div>
    </div>
  )
}
