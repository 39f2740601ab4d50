import { Copy, Ellipsis, Pencil, Trash2, UserRound } from 'lucide-react'
import type { OrganisationRole, PermissionInfo } from '@/api/role-queries'
import { useSession } from '@/api/session'
import { IconButton } from '@/components/button'
import { Menu, MenuItem, MenuSeparator } from '@/components/menu'
import { t } from '@/lib/i18n'
import { roleTitle } from '@/lib/role-title'
import type { RoleDraft } from './role-dialog'

type RoleCardsProps = {
  roles: OrganisationRole[]
  permissions: PermissionInfo[]
  manage: boolean
  onDraft: (draft: RoleDraft) => void
  onDelete: (role: OrganisationRole) => void
}

/** One card per role: what it is for, how much it may do, how many have it. */
export function RoleCards({ roles, permissions, ...rest }: RoleCardsProps) {
  const { organisation } = useSession()
  const total = permissions.filter((permission) => !permission.node).length
  return (
    <ul aria-label={t('roles.list', { organisation: organisation.name })} className="grid gap-3 sm:grid-cols-2 xl:grid-cols-4">
      {roles.map((role, place) => (
        <Card key={role.id} role={role} total={total} place={place} {...rest} />
      ))}
    </ul>
  )
}

type CardProps = Omit<RoleCardsProps, 'roles' | 'permissions'> & { role: OrganisationRole; total: number; place: number }

function Card({ role, total, place, manage, onDraft, onDelete }: CardProps) {
  const yours = useSession().role === role.id
  const title = roleTitle(role.id, role.title)
  const share = total === 0 ? 0 : Math.min(1, role.permissions.length / total)
  return (
    <li className={`panel flex flex-col p-4 ${yours ? 'border-brand/60!' : ''}`} style={{ '--i': place }}>
      <div className="flex items-start gap-2">
        <div className="min-w-0 flex-1">
          <h2 className="truncate font-display text-[17px] leading-tight font-semibold tracking-[-.015em]">{title}</h2>
          <p className="mt-1 flex flex-wrap gap-1.5 text-[12px] font-medium">
            <span className={`rounded-full px-2 py-0.5 ${role.built_in ? 'bg-surface-2 text-ink-2' : 'bg-violet/12 text-violet'}`}>
              {role.built_in ? t('roles.built_in') : t('roles.custom')}
            </span>
            {yours ? <span className="rounded-full bg-brand-soft px-2 py-0.5 text-brand">{t('roles.yours')}</span> : null}
          </p>
        </div>
        {manage ? <CardMenu role={role} title={title} onDraft={onDraft} onDelete={onDelete} /> : null}
      </div>
      <p className="mt-2.5 flex-1 text-[13.5px] text-ink-2">{role.description}</p>
      <span aria-hidden="true" className="mt-3 block h-1.5 overflow-hidden rounded-full bg-surface-2">
        <span className="grow block h-full rounded-full bg-linear-to-r from-brand-fill to-violet" style={{ width: `${share * 100}%` }} />
      </span>
      <p className="mt-2 flex flex-wrap justify-between gap-x-3 text-[13px] text-ink-3 tabular-nums">
        <span>{t('roles.permissions', { count: role.permissions.length })}</span>
        <span className="inline-flex items-center gap-1.5">
          <UserRound size={13} aria-hidden="true" />
          {t('roles.members', { count: role.members })}
        </span>
      </p>
    </li>
  )
}

type CardMenuProps = Pick<CardProps, 'role' | 'onDraft' | 'onDelete'> & { title: string }

function CardMenu({ role, title, onDraft, onDelete }: CardMenuProps) {
  const label = t('roles.more', { name: title })
  return (
    <Menu
      label={label}
      trigger={(props) => (
        <IconButton label={label} className="-me-1.5 -mt-1.5" {...props}>
          <Ellipsis size={18} />
        </IconButton>
      )}
    >
      {role.built_in ? null : (
        <MenuItem icon={Pencil} onClick={() => onDraft({ kind: 'edit', role })}>
          {t('roles.edit')}
        </MenuItem>
      )}
      <MenuItem icon={Copy} onClick={() => onDraft({ kind: 'copy', role })}>
        {t('roles.copy')}
      </MenuItem>
      {role.built_in ? null : (
        <>
          <MenuSeparator />
          <MenuItem icon={Trash2} danger onClick={() => onDelete(role)}>
            {t('roles.delete')}
          </MenuItem>
        </>
      )}
    </Menu>
  )
}
