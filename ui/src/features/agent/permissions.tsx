import { Eye, Lock, type LucideIcon, ShieldBan } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Agent } from '@/api/types'
import { optional, t } from '@/lib/i18n'

/** What the agent may read, each with its reason, and what no agent of this version can do. */
export function Permissions({ agent }: { agent: Agent }) {
  const never = [t('agent.never.network'), t('agent.never.others'), t('agent.never.act')]
  return (
    <div className="grid gap-x-10 gap-y-6 md:grid-cols-2">
      <Column title={t('agent.may')} icon={Eye} look="bg-success/12 text-success">
        {agent.permissions.map((permission) => (
          <Row key={permission.id} text={optional(`agent.permission.${permission.id}`) ?? permission.id} reason={permission.reason} />
        ))}
      </Column>
      <Column title={t('agent.may_not')} icon={ShieldBan} look="bg-danger/12 text-danger">
        {never.map((text) => (
          <Row key={text} text={text} />
        ))}
      </Column>
      <p className="flex items-start gap-2 text-[13px] text-ink-2 md:col-span-2">
        <Lock size={14} className="mt-0.5 shrink-0" aria-hidden="true" />
        {t('agent.permissions_note')}
      </p>
    </div>
  )
}

function Column({ title, icon: Icon, look, children }: { title: string; icon: LucideIcon; look: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <h2 className="flex items-center gap-2.5 text-[15px] font-semibold">
        <span className={`grid size-8 place-items-center rounded-[10px] ${look}`}>
          <Icon size={16} aria-hidden="true" />
        </span>
        {title}
      </h2>
      <ul className="mt-3">{children}</ul>
    </section>
  )
}

function Row({ text, reason }: { text: string; reason?: string }) {
  return (
    <li className="border-b border-line py-2.5 text-[14.5px] leading-snug last:border-0">
      {text}
      {reason ? <span className="mt-0.5 block text-[13.5px] text-ink-2">{reason}</span> : null}
    </li>
  )
}
