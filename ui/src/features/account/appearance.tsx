import { Monitor, Moon, Palette, Sun } from 'lucide-react'
import { Segmented, Switch } from '@/components/field'
import { Panel } from '@/components/page'
import { t } from '@/lib/i18n'
import { setPreference, usePreference } from '@/lib/preferences'

const THEMES = [
  ['system', Monitor],
  ['light', Sun],
  ['dark', Moon],
] as const
const EFFECTS = ['auto', 'full', 'lite', 'off'] as const

/** Choices of this browser only: theme, effects, single-letter shortcuts. */
export function Appearance() {
  const theme = usePreference('theme')
  const effects = usePreference('effects')
  const shortcuts = usePreference('shortcuts')
  return (
    <Panel title={t('account.appearance.title')} icon={Palette} i={1}>
      <div className="grid gap-6">
        <div className="grid gap-2">
          <p className="text-[14.5px] font-medium">{t('account.appearance.theme')}</p>
          <Segmented
            label={t('account.appearance.theme')}
            value={theme}
            onChange={(next) => setPreference('theme', next)}
            items={THEMES.map(([value, Icon]) => [
              value,
              <>
                <Icon key="icon" size={15} aria-hidden="true" />
                {t(`account.appearance.${value}`)}
              </>,
            ])}
          />
        </div>
        <div className="grid gap-2">
          <p className="text-[14.5px] font-medium">{t('account.appearance.effects')}</p>
          <Segmented
            label={t('account.appearance.effects')}
            value={effects}
            onChange={(next) => setPreference('effects', next)}
            items={EFFECTS.map((value) => [value, t(`effects.${value}`)])}
          />
          <p className="text-[13px] text-ink-3">{t('account.appearance.effects_note')}</p>
        </div>
        <Switch
          label={t('account.appearance.shortcuts')}
          note={t('account.appearance.shortcuts_note')}
          checked={shortcuts === 'on'}
          onChange={(on) => setPreference('shortcuts', on ? 'on' : 'off')}
        />
      </div>
    </Panel>
  )
}
