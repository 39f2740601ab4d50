import { Link } from '@tanstack/react-router'
import { ArrowRight, MessagesSquare } from 'lucide-react'
import type { Overview, Ve } from '@/api/types'
import { orbState } from '@/components/agent-facts'
import { agentIcon } from '@/components/agent-icon'
import { Orb } from '@/components/orb'
import { Panel } from '@/components/page'
import { t } from '@/lib/i18n'
import { formatRelative } from '@/lib/i18n/format'

/** The reader's own conversations, the last one first. */
export function RecentConversations({ overview }: { overview: Overview }) {
  return (
    <Panel title={t('today.recent')} icon={MessagesSquare} i={2}>
      {overview.recent.length === 0 ? <p className="text-[14px] text-ink-2">{t('today.recent_none')}</p> : null}
      <ul className="-mx-2 -my-1">
        {overview.recent.map((conversation) => (
          <li key={conversation.id}>
            <Link
              to="/chat/$ve/$conversation"
              params={{ ve: conversation.ve_id, conversation: conversation.id }}
              className="group flex items-center gap-3.5 rounded-[14px] px-2 py-2.5 transition-colors hover:bg-surface-2"
            >
              <Face employee={conversation.ve} busy={conversation.busy} />
              <span className="min-w-0 flex-1">
                <span className="block truncate text-[14.5px] font-medium">{conversation.title}</span>
                <span className="block truncate text-[13px] text-ink-3">
                  {t('today.recent_with', { name: conversation.ve.persona_name, time: formatRelative(conversation.last_message_at) })}
                </span>
              </span>
              <ArrowRight
                size={16}
                className="shrink-0 text-ink-3 transition-transform group-hover:translate-x-1 group-hover:text-brand rtl:-scale-x-100"
                aria-hidden="true"
              />
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Face({ employee, busy }: { employee: Ve; busy: boolean }) {
  return <Orb hue={employee.agent.hue} size={38} icon={agentIcon(employee.agent.icon)} state={orbState({ ...employee, busy })} />
}
