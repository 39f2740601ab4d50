import { X } from 'lucide-react'
import { type ReactNode, useId } from 'react'
import { t } from '@/lib/i18n'
import { IconButton } from './button'
import { Modal } from './dialog'

type SideSheetProps = { open: boolean; onClose: () => void; title: string; lead?: ReactNode; children: ReactNode; from?: 'start' | 'end' }

/** A modal at the side of the window, for what belongs to the page but does not fit on it. On phones it rises from the bottom edge. */
export function SideSheet({ open, onClose, title, lead, children, from = 'end' }: SideSheetProps) {
  const id = useId()
  if (!open) return null
  return (
    <Modal
      onClose={onClose}
      labelledBy={`${id}-title`}
      className={`side-sheet ${from === 'start' ? 'side-sheet-start' : ''} border border-line bg-surface text-ink shadow-[var(--sh-3)]`}
    >
      <div className="flex min-h-full flex-col p-5 sm:p-6">
        <div className="flex items-start gap-3">
          <div className="min-w-0 flex-1">
            <h2 id={`${id}-title`} className="font-display text-[20px] leading-tight font-semibold tracking-[-.02em] text-balance">
              {title}
            </h2>
            {lead ? <div className="mt-1 text-[13.5px] text-ink-2">{lead}</div> : null}
          </div>
          <IconButton label={t('action.close')} onClick={onClose} className="-me-2 -mt-2">
            <X size={18} />
          </IconButton>
        </div>
        <div className="mt-4 flex flex-1 flex-col">{children}</div>
      </div>
    </Modal>
  )
}
