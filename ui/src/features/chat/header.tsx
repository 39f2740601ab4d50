import { Link } from '@tanstack/react-router'
import { PanelLeft, PanelRight } from 'lucide-react'
import { lazy, Suspense } from 'react'
import type { DataClass, Ve } from '@/api/types'
import { answeringText, orbState } from '@/components/agent-facts'
import { agentIcon } from '@/components/agent-icon'
import { IconButton } from '@/components/button'
import { hueStyle, Orb } from '@/components/orb'
import { t } from '@/lib/i18n'
import { isActive, type Run } from './run'

const Secrecy = lazy(() => import('./secrecy'))

type HeaderProps = {
  ve: Ve
  conversation: string | null
  dataClass: DataClass | undefined
  onDataClass: (dataClass: DataClass) => void
  run: Run | undefined
  listed: boolean
  onList: (wide: boolean) => void
  onRun: () => void
}

/** Who the conversation is with, what they are doing, and the ways to the side sheets. */
export function ConversationHeader({ ve, conversation, dataClass, onDataClass, run, listed, onList, onRun }: HeaderProps) {
  const working = isActive(run)
  return (
    <header className="wash flex items-center gap-3 border-b border-line px-3 py-3 sm:px-5" style={hueStyle(ve.agent.hue)}>
      <IconButton label={t('chat.show_conversations')} className="xl:hidden" onClick={() => onList(false)}>
        <PanelLeft size={18} className="rtl:-scale-x-100" />
      </IconButton>
      <IconButton
        label={listed ? t('chat.hide_conversations') : t('chat.show_conversations')}
        aria-expanded={listed}
        className="-ms-2 max-xl:hidden"
        onClick={() => onList(true)}
      >
        <PanelLeft size={18} className="rtl:-scale-x-100" />
      </IconButton>
      <span style={{ viewTransitionName: `orb-${ve.id}` }}>
        <Orb hue={ve.agent.hue} size={44} icon={agentIcon(ve.agent.icon)} state={working ? 'working' : orbState(ve)} />
      </span>
      <div className="min-w-0 flex-1">
        <h1 className="truncate text-[16px] leading-snug font-semibold">{ve.persona_name}</h1>
        <p className="truncate text-[13px] text-ink-2">
          {working ? <span className="text-cyan">{t('chat.status.working')}</span> : null}
          {!working && ve.state === 'dismissed' ? t('chat.status.dismissed') : null}
          {working || ve.state === 'dismissed' ? ' · ' : null}
          <Link to="/agents/$agent" params={{ agent: ve.agent.slug }} className="hover:text-brand hover:underline">
            {ve.agent.name}
          </Link>
          <span title={ve.answering.reason}> · {answeringText(ve)}</span>
        </p>
      </div>
      {ve.state === 'active' ? (
        <Suspense fallback={<span className="h-9 w-9 sm:w-28" />}>
          <Secrecy ve={ve} conversation={conversation} chosen={dataClass} onChoose={onDataClass} />
        </Suspense>
      ) : null}
      <IconButton label={t('chat.show_run')} className={listed ? 'min-[87.5rem]:hidden' : 'xl:hidden'} onClick={onRun}>
        <PanelRight size={18} className="rtl:-scale-x-100" />
      </IconButton>
    </header>
  )
}
