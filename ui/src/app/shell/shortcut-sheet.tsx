import '@/lib/i18n/en/palette'
import { KeyHint } from '@/components/button'
import { Dialog } from '@/components/dialog'
import { t } from '@/lib/i18n'
import { usePreference } from '@/lib/preferences'
import type { NavItem } from './nav'

/** Every shortcut in one list. */
export default function ShortcutSheet({ items, onClose }: { items: NavItem[]; onClose: () => void }) {
  const off = usePreference('shortcuts') === 'off'
  const rows: [string, string[]][] = [
    [t('shortcuts.palette'), ['Ctrl', 'K']],
    ...items.map((item): [string, string[]] => [t('shortcuts.go', { page: t(item.key) }), ['g', item.letter]]),
    [t('shortcuts.sheet'), ['?']],
  ]
  return (
    <Dialog open onClose={onClose} title={t('shortcuts.title')} lead={off ? t('shortcuts.off') : undefined} size="sm">
      <dl className="grid gap-2.5">
        {rows.map(([label, parts]) => (
          <div key={label} className="flex items-center justify-between gap-4 text-[14.5px]">
            <dt className="text-ink-2">{label}</dt>
            <dd className="flex gap-1.5">
              {parts.map((part) => (
                <KeyHint key={part} k={part} />
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
