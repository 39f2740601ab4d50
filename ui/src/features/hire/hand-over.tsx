import { Link } from '@tanstack/react-router'
import { ArrowRight } from 'lucide-react'
import type { Agent, Ve } from '@/api/types'
import { firstName } from '@/components/agent-facts'
import { agentIcon } from '@/components/agent-icon'
import { btn } from '@/components/button'
import { Orb } from '@/components/orb'
import { t } from '@/lib/i18n'

/** The moment after: who joined, and the ways on for those who do not want to wait for the conversation to open. */
export function HandOver({ agent, employee }: { agent: Agent; employee: Ve }) {
  return (
    <div className="grid flex-1 place-content-center justify-items-center gap-4 py-10 text-center">
      <Orb hue={agent.hue} size={120} icon={agentIcon(agent.icon)} state="working" />
      <h2 className="mt-3 font-display text-[32px] leading-tight font-semibold tracking-[-.035em]">
        {t('hire.done_title', { name: firstName(employee.persona_name) })}
      </h2>
      <p className="max-w-[44ch] text-ink-2">{t('hire.done')}</p>
      <div className="mt-2 flex flex-wrap justify-center gap-3">
        <Link to="/chat/$ve/$conversation" params={{ ve: employee.id, conversation: 'new' }} className={btn()}>
          {t('hire.open_chat')}
          <ArrowRight size={16} className="rtl:-scale-x-100" aria-hidden="true" />
        </Link>
        <Link to="/team" className={btn('outline')}>
          {t('hire.open_team')}
        </Link>
      </div>
    </div>
  )
}
