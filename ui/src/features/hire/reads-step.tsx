import { BookOpen, Eye, FileText, type LucideIcon, MessageSquareText } from 'lucide-react'
import type { Agent } from '@/api/types'
import { optional } from '@/lib/i18n'

const ICONS: Record<string, LucideIcon> = { read_conversation: MessageSquareText, read_attachments: FileText, read_handbook: BookOpen }

/** What a permission lets the employee read, in words. */
export const permissionText = (id: string) => optional(`agent.permission.${id}`) ?? id

/** Everything the employee may read, each with the reason its maker gives. */
export function ReadsStep({ agent }: { agent: Agent }) {
  return (
    <ul className="grid gap-2.5">
      {agent.permissions.map((permission, index) => {
        const Icon = ICONS[permission.id] ?? Eye
        return (
          <li
            key={permission.id}
            className="rise flex items-center gap-4 rounded-[18px] border border-line p-4"
            style={{ '--i': index + 1 }}
          >
            <span className="grid size-11 shrink-0 place-items-center rounded-[14px] bg-brand-soft text-brand">
              <Icon size={19} aria-hidden="true" />
            </span>
            <span className="min-w-0">
              <b className="block text-[14.5px] font-medium">{permissionText(permission.id)}</b>
              <span className="block text-[13.5px] text-ink-2">{permission.reason}</span>
            </span>
          </li>
        )
      })}
    </ul>
  )
}
