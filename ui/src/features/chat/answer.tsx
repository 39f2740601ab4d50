import { Info, RotateCw, TriangleAlert } from 'lucide-react'
import { lazy, Suspense, useMemo } from 'react'
import type { Citation, Message, Ve } from '@/api/types'
import { orbState } from '@/components/agent-facts'
import { agentIcon } from '@/components/agent-icon'
import { Button, IconButton } from '@/components/button'
import { CopyButton } from '@/components/copy'
import { Markdown } from '@/components/markdown'
import { SourcesContext } from '@/components/markdown-inline'
import { Orb } from '@/components/orb'
import { Thumbs } from '@/components/thumbs'
import { t } from '@/lib/i18n'
import { sentence } from '@/lib/sentence'
import { Figures } from './figures'
import type { Run } from './run'
import { useRating } from './use-rating'
import { useVersions, VersionPager } from './versions'

const ThumbReason = lazy(() => import('@/components/thumb-reason'))

type AnswerProps = {
  ve: Ve
  message: Message
  run: Run | undefined
  onSource: (source: Citation) => void
  onAgain?: (answer: Message) => void
  onRejoin?: (answer: Message) => void
}

/** What the employee answered, with its sources, remarks and figures. */
export function Answer({ ve, message, run, onSource, onAgain, onRejoin }: AnswerProps) {
  const versions = useVersions(ve.id, message)
  const { shown, isOld } = versions
  const live = message.state === 'running'
  const [rating, rate] = useRating(ve.id, shown)
  const isRateable = (shown.state === 'complete' || shown.state === 'stopped') && shown.text !== ''
  const sources = useMemo(
    () => ({
      known: new Set(shown.citations.map((citation) => citation.number)),
      pending: live,
      open: (number: number) => {
        const source = shown.citations.find((citation) => citation.number === number)
        if (source) onSource(source)
      },
    }),
    [shown.citations, live, onSource],
  )
  const step = live && !shown.text ? run?.steps.findLast((known) => known.state === 'running') : undefined
  return (
    <article aria-label={ve.persona_name} aria-busy={live} className="group/turn flex gap-3.5">
      <span className="hidden pt-0.5 sm:block">
        <Orb hue={ve.agent.hue} size={34} icon={agentIcon(ve.agent.icon)} state={live ? 'working' : orbState({ ...ve, busy: false })} />
      </span>
      <div className="min-w-0 flex-1 pt-1 text-[15.5px] leading-[1.65]">
        {shown.text ? (
          <SourcesContext value={sources}>
            <Markdown text={shown.text} live={live} />
          </SourcesContext>
        ) : null}
        {live && !shown.text ? <Waiting text={step?.label ?? t('chat.run_waiting')} /> : null}
        {isOld ? <Note text={t('chat.version_old')} /> : null}
        {shown.notes.map((note) => (
          <Note key={note} text={sentence(note)} />
        ))}
        {shown.state === 'stopped' ? <Note text={t('chat.stopped')} /> : null}
        {shown.state === 'failed' ? <Failure message={shown} lost={run?.phase === 'lost'} onAgain={onAgain} onRejoin={onRejoin} /> : null}
        {live ? null : (
          <div className="mt-2.5 flex flex-wrap items-center gap-x-1 gap-y-0.5 md:flex-nowrap">
            <Figures message={shown} />
            <span className="ms-auto flex shrink-0 items-center gap-0.5">
              {isRateable ? (
                <span className={rating ? '' : 'turn-tools'}>
                  <Thumbs rating={rating} onRate={rate} />
                </span>
              ) : null}
              <span className="turn-tools flex items-center gap-0.5">
                <VersionPager {...versions} />
                {shown.text ? <CopyButton text={shown.text} label={t('chat.copy_answer')} /> : null}
                {onAgain && shown.state !== 'failed' ? (
                  <IconButton label={t('chat.regenerate')} onClick={() => onAgain(message)}>
                    <RotateCw size={15} />
                  </IconButton>
                ) : null}
              </span>
            </span>
          </div>
        )}
        {isRateable && rating ? (
          <Suspense fallback={null}>
            <ThumbReason rating={rating} onRate={rate} />
          </Suspense>
        ) : null}
      </div>
    </article>
  )
}

/** Before the first word: what is being done, in the node's own words. */
function Waiting({ text }: { text: string }) {
  return (
    <p className="flex items-center gap-2.5 text-[14.5px] text-ink-2">
      <span className="pulse size-2 rounded-full bg-cyan" aria-hidden="true" />
      {text}
    </p>
  )
}

function Note({ text }: { text: string }) {
  return (
    <p className="mt-3 flex items-start gap-2 text-[13.5px] leading-snug text-ink-2">
      <Info size={15} className="mt-px shrink-0 text-ink-3" aria-hidden="true" />
      {text}
    </p>
  )
}

type FailureProps = { message: Message; lost: boolean; onAgain?: (answer: Message) => void; onRejoin?: (answer: Message) => void }
/** Why there is no (whole) answer, and the way on. */
function Failure({ message, lost, onAgain, onRejoin }: FailureProps) {
  const again = lost ? onRejoin : onAgain
  return (
    <div className="mt-3 rounded-[16px] border border-danger/40 bg-danger/8 p-4 text-[14px]">
      <p className="flex items-start gap-2.5 text-danger">
        <TriangleAlert size={17} className="mt-0.5 shrink-0" aria-hidden="true" />
        <span>
          <b className="font-semibold">{lost ? t('chat.lost') : t('chat.failed')}</b>{' '}
          {lost || !message.error ? null : sentence(message.error.message)}
        </span>
      </p>
      {again ? (
        <Button kind="outline" size="sm" className="mt-3" onClick={() => again(message)}>
          <RotateCw size={15} aria-hidden="true" />
          {lost ? t('chat.rejoin') : t('action.retry')}
        </Button>
      ) : null}
    </div>
  )
}
