import { type KeyboardEvent, useMemo, useState } from 'react'
import type { PermissionInfo } from '@/api/role-queries'
import { useSession } from '@/api/session'
import { scrollRegion } from '@/components/scroll'
import { SearchField } from '@/components/search-field'
import { t } from '@/lib/i18n'
import { groupTitle } from './group-title'
import { filtered, groupsOf, type PermissionGroup, withGroup } from './matrix-rows'

type PickerProps = { permissions: PermissionInfo[]; chosen: string[]; onChange: (chosen: string[]) => void }

/** Permissions to tick, by group. What the session lacks itself is shown and cannot be given. */
export function PermissionPicker({ permissions, chosen, onChange }: PickerProps) {
  const [text, setText] = useState('')
  const session = useSession()
  const groups = useMemo(() => groupsOf(permissions), [permissions])
  const rows = filtered(groups, [], { text, onlyDifferent: false }, groupTitle)
  const total = groups.reduce((sum, group) => sum + group.permissions.length, 0)
  const mayGive = (name: string) => session.permissions.includes(name)
  const toggle = (name: string) => onChange(chosen.includes(name) ? chosen.filter((item) => item !== name) : [...chosen, name])
  return (
    <fieldset className="min-w-0">
      <legend className="mb-1.5 text-[13.5px] font-medium">{t('roles.may')}</legend>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: it only keeps a key of the field inside from the form around it */}
      <div className="mb-3 flex flex-wrap items-center gap-x-4 gap-y-2" onKeyDown={keepEnter}>
        <SearchField
          label={t('roles.filter')}
          hint={t('roles.filter_hint')}
          value={text}
          onSearch={setText}
          className="flex-1 basis-[200px]"
        />
        <p className="text-[13px] text-ink-3 tabular-nums" aria-live="polite">
          {t('roles.chosen', { count: chosen.length, total })}
        </p>
      </div>
      <div className="relative max-h-[44dvh] overflow-y-auto rounded-[16px] border border-line" {...scrollRegion(t('roles.may'))}>
        {rows.length === 0 ? <p className="p-5 text-[14px] text-ink-2">{t('roles.none_found')}</p> : null}
        {rows.map((group) => (
          <Group
            key={group.group}
            {...group}
            chosen={chosen}
            mayGive={mayGive}
            onToggle={toggle}
            onAll={(on) => onChange(withGroup(chosen, group.permissions, on, mayGive))}
          />
        ))}
      </div>
    </fieldset>
  )
}

/** Enter in the search field searches, and does not save the role. */
const keepEnter = (event: KeyboardEvent) => event.key === 'Enter' && event.preventDefault()

type GroupProps = PermissionGroup & {
  chosen: string[]
  mayGive: (name: string) => boolean
  onToggle: (name: string) => void
  onAll: (on: boolean) => void
}

const BOX = 'size-5 shrink-0 accent-[var(--brand-fill)]'

function Group({ group, permissions, chosen, mayGive, onToggle, onAll }: GroupProps) {
  const title = groupTitle(group)
  const given = permissions.filter((permission) => chosen.includes(permission.name)).length
  const all = given === permissions.length
  return (
    <div>
      <label className="sticky top-0 z-10 flex cursor-pointer items-center gap-3 border-b border-line bg-surface-2 px-4 py-2.5 text-[13.5px] font-semibold">
        <input
          type="checkbox"
          checked={all}
          ref={(box) => {
            if (box) box.indeterminate = given > 0 && !all
          }}
          aria-label={t('roles.group_all', { group: title })}
          disabled={!permissions.some((permission) => mayGive(permission.name))}
          onChange={(event) => onAll(event.target.checked)}
          className={BOX}
        />
        {title}
        <span className="ms-auto font-mono text-[12px] font-normal text-ink-3 tabular-nums" aria-hidden="true">
          {given}/{permissions.length}
        </span>
      </label>
      {permissions.map((permission) => {
        const closed = !mayGive(permission.name)
        return (
          <label
            key={permission.name}
            className={`flex items-start gap-3 border-b border-line px-4 py-2.5 text-[14px] ${closed ? 'cursor-not-allowed text-ink-3' : 'cursor-pointer hover:bg-surface-2/60'}`}
          >
            <input
              type="checkbox"
              checked={chosen.includes(permission.name)}
              disabled={closed}
              onChange={() => onToggle(permission.name)}
              className={`mt-0.5 ${BOX}`}
            />
            <span className="min-w-0">
              <span className="block">{permission.description}</span>
              <span className="block text-[12.5px] text-ink-3">
                {closed ? t('roles.not_yours') : <code className="font-mono text-[12px]">{permission.name}</code>}
              </span>
            </span>
          </label>
        )
      })}
    </div>
  )
}
