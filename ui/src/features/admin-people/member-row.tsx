import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Ban, Ellipsis, KeyRound, ShieldCheck, UserCheck, UserMinus } from 'lucide-react'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import { useSession } from '@/api/session'
import type { Member, Role } from '@/api/types'
import { Avatar } from '@/components/avatar'
import { IconButton } from '@/components/button'
import { Select } from '@/components/field'
import { Menu, MenuItem, MenuSeparator } from '@/components/menu'
import { StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatRelative } from '@/lib/i18n/format'
import type { MemberAction } from './member-actions'

export const ROLES = ['admin', 'staff', 'normal'] as const

type RowProps = { member: Member; manage: boolean; onAsk: (action: MemberAction) => void }

export function MemberRow({ member, manage, onAsk }: RowProps) {
  const you = useSession().person.id === member.id
  const seen = member.last_seen_at ? t('people.seen', { when: formatRelative(member.last_seen_at) }) : t('people.never_seen')
  return (
    <li className="flex items-center gap-x-4 gap-y-3 px-5 py-4 max-sm:flex-wrap">
      <Avatar name={member.display_name} size={44} off={member.disabled} />
      <div className="min-w-0 flex-1 max-sm:basis-[calc(100%-60px)]">
        <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <b className={`truncate text-[15px] font-semibold ${member.disabled ? 'text-ink-2' : ''}`}>{member.display_name}</b>
          {you ? (
            <span className="rounded-full bg-brand-soft px-2 py-0.5 text-[12px] font-medium text-brand">{t('people.you')}</span>
          ) : null}
          {member.disabled ? <StatusPill state="paused">{t('people.disabled')}</StatusPill> : null}
          {member.platform_administrator ? (
            <span className="inline-flex items-center gap-1.5 text-[12.5px] text-info">
              <ShieldCheck size={14} aria-hidden="true" />
              {t('people.platform')}
            </span>
          ) : null}
        </p>
        <p className="truncate text-[13.5px] text-ink-2">{member.email}</p>
        <p className="text-[13px] text-ink-3 xl:hidden">{seen}</p>
      </div>
      <p className="w-[170px] text-[13px] text-ink-3 max-xl:hidden">{seen}</p>
      {manage ? <RoleSelect member={member} /> : <p className="w-[170px] text-[14px]">{t(`role.${member.role}`)}</p>}
      {manage ? <Actions member={member} onAsk={onAsk} /> : null}
    </li>
  )
}

function RoleSelect({ member }: { member: Member }) {
  const client = useQueryClient()
  const change = useMutation({
    mutationFn: (role: Role) => api.patch('/api/admin/people/{id}', { path: { id: member.id }, body: { role } }),
    onSuccess: (saved) => toast.success(t('people.role_changed', { name: saved.display_name, role: t(`role.${saved.role}`) })),
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
      items={ROLES.map((role) => [role, t(`role.${role}`)] as const)}
    />
  )
}

function Actions({ member, onAsk }: { member: Member; onAsk: (action: MemberAction) => void }) {
  const client = useQueryClient()
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
      <MenuItem icon={KeyRound} onClick={() => onAsk('reset')}>
        {t('people.reset')}
      </MenuItem>
      {member.disabled ? (
        <MenuItem icon={UserCheck} onClick={() => enable.mutate()}>
          {t('people.enable')}
        </MenuItem>
      ) : (
        <MenuItem icon={Ban} onClick={() => onAsk('disable')}>
          {t('people.disable')}
        </MenuItem>
      )}
      <MenuSeparator />
      <MenuItem icon={UserMinus} danger onClick={() => onAsk('remove')}>
        {t('people.remove')}
      </MenuItem>
    </Menu>
  )
}
