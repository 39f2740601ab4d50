import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Ban, Ellipsis, KeyRound, LogOut, ShieldCheck, ShieldMinus, ShieldOff, UserCheck, UserMinus } from 'lucide-react'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import { useCanNode, useSession } from '@/api/session'
import type { Member } from '@/api/types'
import { Avatar } from '@/components/avatar'
import { IconButton } from '@/components/button'
import { Select } from '@/components/field'
import { Menu, MenuItem, MenuSeparator } from '@/components/menu'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatRelative } from '@/lib/i18n/format'
import { roleTitle } from '@/lib/role-title'
import { Badges } from './badges'
import type { MemberAction } from './member-actions'
import type { RoleOption } from './use-roles'

type RowProps = { member: Member; roles: RoleOption[]; manage: boolean; onAsk: (action: MemberAction) => void }

export function MemberRow({ member, roles, manage, onAsk }: RowProps) {
  const you = useSession().person.id === member.id
  const seen = lastSeen(member)
  return (
    <li className="flex items-center gap-x-4 gap-y-3 px-5 py-4 max-sm:flex-wrap">
      <Avatar name={member.display_name} size={44} off={member.disabled} />
      <div className="min-w-0 flex-1 max-sm:basis-[calc(100%-60px)]">
        <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <b className={`truncate text-[15px] font-semibold ${member.disabled ? 'text-ink-2' : ''}`}>{member.display_name}</b>
          <Badges member={member} you={you} />
        </p>
        <p className="truncate text-[13.5px] text-ink-2">{member.email}</p>
        <p className="text-[13px] text-ink-3 xl:hidden">{seen}</p>
      </div>
      <p className="w-[170px] text-[13px] text-ink-3 max-xl:hidden">{seen}</p>
      {manage && !member.source && !you ? (
        <RoleSelect member={member} roles={roles} />
      ) : (
        <p className="w-[170px] text-[14px] max-sm:ms-[60px] max-sm:flex-1">{titleOf(member, roles)}</p>
      )}
      {manage ? <Actions member={member} you={you} onAsk={onAsk} /> : null}
    </li>
  )
}

/** Whether other organisations have the account too, so that nothing of it is shown or changed here but its place. */
const isShared = (member: Member) => member.second_factor === null

function lastSeen(member: Member): string {
  if (member.last_seen_at) return t('people.seen', { when: formatRelative(member.last_seen_at) })
  return isShared(member) ? '' : t('people.never_seen')
}

/** The roles that can be given, and the one the person has, whatever it is. */
function options(member: Member, roles: RoleOption[]) {
  const known = roles.some((role) => role.id === member.role)
  const own = known ? [] : [[member.role, titleOf(member, roles)] as const]
  return [...own, ...roles.map((role) => [role.id, role.title, role.above && role.id !== member.role] as const)]
}

function RoleSelect({ member, roles }: { member: Member; roles: RoleOption[] }) {
  const client = useQueryClient()
  const change = useMutation({
    mutationFn: (role: string) => api.patch('/api/admin/people/{id}', { path: { id: member.id }, body: { role } }),
    onSuccess: (saved) => toast.success(t('people.role_changed', { name: saved.display_name, role: titleOf(saved, roles) })),
    onError: toast.error,
    onSettled: () => client.invalidateQueries({ queryKey: keys.people }),
  })
  return (
    <Select
      bare
      label={t('people.role_of', { name: member.display_name })}
      className="w-[170px] max-sm:ms-[60px] max-sm:flex-1"
      value={change.isPending ? change.variables : member.role}
      disabled={change.isPending || member.disabled}
      onChange={(role) => change.mutate(role)}
      items={options(member, roles)}
    />
  )
}

const titleOf = (member: Member, roles: RoleOption[]) => roles.find((role) => role.id === member.role)?.title ?? roleTitle(member.role)

/** What an administrator could not undo of themselves is for others to do. */
function Actions({ member, you, onAsk }: { member: Member; you: boolean; onAsk: (action: MemberAction) => void }) {
  const client = useQueryClient()
  const platform = useCanNode('node.organisations')
  const enable = useMutation({
    mutationFn: () => api.patch('/api/admin/people/{id}', { path: { id: member.id }, body: { disabled: false } }),
    onSuccess: (saved) => {
      toast.success(t('people.enabled_done', { name: saved.display_name }))
      return client.invalidateQueries({ queryKey: keys.people })
    },
    onError: toast.error,
  })
  const label = t('people.actions', { name: member.display_name })
  return (
    <Menu
      label={label}
      trigger={(props) => (
        <IconButton label={label} {...props}>
          <Ellipsis size={18} />
        </IconButton>
      )}
    >
      <MenuItem icon={LogOut} onClick={() => onAsk('end-sessions')}>
        {t('people.end_sessions')}
      </MenuItem>
      {member.source ? null : (
        <MenuItem icon={KeyRound} disabled={isShared(member)} onClick={() => onAsk('reset')}>
          {t('people.reset')}
        </MenuItem>
      )}
      <MenuItem icon={ShieldOff} disabled={you || !member.second_factor} onClick={() => onAsk('reset-factors')}>
        {t('people.reset_factors')}
      </MenuItem>
      {member.disabled ? (
        <MenuItem icon={UserCheck} onClick={() => enable.mutate()}>
          {t('people.enable')}
        </MenuItem>
      ) : (
        <MenuItem icon={Ban} disabled={you} onClick={() => onAsk('disable')}>
          {t('people.disable')}
        </MenuItem>
      )}
      <MenuSeparator />
      {platform && !member.disabled ? (
        <MenuItem
          icon={member.platform_administrator ? ShieldMinus : ShieldCheck}
          disabled={you}
          onClick={() => onAsk(member.platform_administrator ? 'revoke-platform' : 'grant-platform')}
        >
          {member.platform_administrator ? t('people.revoke_platform') : t('people.grant_platform')}
        </MenuItem>
      ) : null}
      <MenuItem icon={UserMinus} danger disabled={you} onClick={() => onAsk('remove')}>
        {t('people.remove')}
      </MenuItem>
    </Menu>
  )
}
