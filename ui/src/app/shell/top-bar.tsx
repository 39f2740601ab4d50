import { Moon, Search, Sun } from 'lucide-react'
import { lazy, Suspense, useState } from 'react'
import { useCan } from '@/api/session'
import { IconButton } from '@/components/button'
import { t } from '@/lib/i18n'
import { flipTheme, useTheme } from '@/lib/theme'
import { AccountButton } from './account-button'
import { ConnectionChip } from './connection-chip'

const loadMenu = () => import('./account-menu')
const AccountMenu = lazy(loadMenu)

export function TopBar({ onPalette, onShortcuts }: { onPalette: () => void; onShortcuts: () => void }) {
  const dark = useTheme() === 'dark'
  return (
    <header className="sticky top-0 z-20 flex h-16 items-center gap-2 px-4 lg:top-3 lg:px-3">
      <div className="glass absolute inset-0 -z-10 border-x-0 border-t-0 lg:rounded-[20px] lg:border" />
      <button
        type="button"
        onClick={onPalette}
        className="flex h-10 min-w-0 flex-1 items-center gap-2.5 rounded-[13px] border border-field bg-surface/70 px-3 text-start text-[14px] text-ink-3 transition-colors hover:border-brand sm:max-w-[440px]"
      >
        <Search size={16} className="shrink-0" aria-hidden="true" />
        <span className="truncate">{t('palette.open')}</span>
        <kbd className="kbd ms-auto hidden sm:block">Ctrl K</kbd>
      </button>
      <span className="ms-auto" />
      {useCan('events.read') ? <ConnectionChip /> : null}
      <IconButton label={dark ? t('theme.to_light') : t('theme.to_dark')} onClick={flipTheme}>
        {dark ? <Sun size={18} /> : <Moon size={18} />}
      </IconButton>
      <Account onShortcuts={onShortcuts} />
    </header>
  )
}

/** The menu's code comes when a pointer or the focus comes near its button. */
function Account({ onShortcuts }: { onShortcuts: () => void }) {
  const [wanted, setWanted] = useState(false)
  const face = <AccountButton onClick={() => setWanted(true)} onPointerEnter={loadMenu} onFocus={loadMenu} />
  if (!wanted) return face
  return (
    <Suspense fallback={face}>
      <AccountMenu onShortcuts={onShortcuts} />
    </Suspense>
  )
}
