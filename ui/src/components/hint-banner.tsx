import '@/lib/i18n/en/work'
import { type LucideIcon, X } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { t } from '@/lib/i18n'
import { IconButton } from './button'

const storageKey = (id: string) => `hint-closed/${id}`

function wasClosed(id: string): boolean {
  try {
    return localStorage.getItem(storageKey(id)) !== null
  } catch {
    return false
  }
}

/** A remark with one way to act on it. Closed once, it stays closed in this browser; `id` names it. */
export function HintBanner({
  id,
  icon: Icon,
  title,
  children,
  action,
}: {
  id: string
  icon: LucideIcon
  title: string
  children: ReactNode
  action: ReactNode
}) {
  const [closed, setClosed] = useState(() => wasClosed(id))
  if (closed) return null
  const close = () => {
    setClosed(true)
    try {
      localStorage.setItem(storageKey(id), '1')
    } catch {
      // Storage is forbidden: it stays closed as long as the page.
    }
  }
  return (
    <aside
      aria-label={title}
      className="rise relative mb-4 flex flex-wrap items-start gap-x-4 sm:items-center gap-y-3 rounded-[20px] border border-line bg-surface py-3.5 ps-4 pe-12 sm:pe-14 shadow-[var(--sh-1)]"
    >
      <span className="grid size-10 shrink-0 place-items-center rounded-[13px] bg-brand-soft text-brand">
        <Icon size={19} aria-hidden="true" />
      </span>
      <div className="min-w-0 flex-1 basis-[200px]">
        <b className="block text-[15px] font-semibold">{title}</b>
        <p className="text-[14px] text-ink-2">{children}</p>
      </div>
      {action}
      <IconButton label={t('work.close_hint')} className="absolute! end-2 top-2 sm:top-[calc(50%-20px)]" onClick={close}>
        <X size={17} />
      </IconButton>
    </aside>
  )
}
