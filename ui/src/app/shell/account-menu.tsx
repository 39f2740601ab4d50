import '@/lib/i18n/en/menus'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useRouter } from '@tanstack/react-router'
import { Building2, Check, Keyboard, LogOut, UserRound } from 'lucide-react'
import { api } from '@/api/client'
import { adoptSession, useSession } from '@/api/session'
import { signOut } from '@/api/sign-out'
import { Menu, MenuChoice, MenuGroup, MenuItem, MenuSeparator } from '@/components/menu'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { setPreference, usePreference } from '@/lib/preferences'
import { roleTitle } from '@/lib/role-title'
import { AccountButton } from './account-button'

const EFFECTS = ['auto', 'full', 'lite', 'off'] as const

/** Who is signed in, their organisations, effects, and the way out. */
export default function AccountMenu({ onShortcuts }: { onShortcuts: () => void }) {
  const session = useSession()
  const client = useQueryClient()
  const router = useRouter()
  const effects = usePreference('effects')
  const name = session.person.display_name
  const enter = (organisation_id: string) =>
    api
      .post('/api/session/organisation', { body: { organisation_id } })
      .then((next) => adoptSession(client, next))
      .then(() => router.invalidate())
      .catch(toast.error)
  return (
    <Menu label={t('menu.account', { name })} defaultOpen trigger={(props) => <AccountButton {...props} />}>
      <div className="px-3 pt-2 pb-2.5">
        <p className="truncate text-[14.5px] font-semibold">{name}</p>
        <p className="truncate text-[13px] text-ink-3">{session.person.email}</p>
        <p className="mt-1 truncate text-[13px] text-ink-2">
          {session.organisation.name}, {roleTitle(session.role, session.role_title)}
        </p>
      </div>
      <MenuSeparator />
      <MenuItem
        icon={UserRound}
        link={(props, body) => (
          <Link to="/account" {...props}>
            {body}
          </Link>
        )}
      >
        {t('menu.settings')}
      </MenuItem>
      <MenuItem icon={Keyboard} onClick={onShortcuts}>
        {t('menu.shortcuts')}
      </MenuItem>
      {session.organisations.length > 1 ? (
        <MenuGroup label={t('menu.organisations')}>
          {session.organisations.map((organisation) => (
            <MenuItem
              key={organisation.id}
              icon={organisation.id === session.organisation.id ? Check : Building2}
              onClick={() => void enter(organisation.id)}
            >
              <span className="truncate">{organisation.name}</span>
            </MenuItem>
          ))}
        </MenuGroup>
      ) : null}
      <MenuSeparator />
      <MenuChoice
        label={t('menu.effects')}
        value={effects}
        onChange={(level) => setPreference('effects', level)}
        items={EFFECTS.map((level) => [level, t(`effects.${level}`)] as const)}
      />
      <MenuSeparator />
      <MenuItem icon={LogOut} onClick={() => void signOut(session).catch(toast.error)}>
        {t('menu.sign_out')}
      </MenuItem>
    </Menu>
  )
}
