import { useNavigate, useSearch } from '@tanstack/react-router'
import { Check, Grid3x3, Minus } from 'lucide-react'
import { useMemo, useState } from 'react'
import type { OrganisationRole, PermissionInfo } from '@/api/role-queries'
import { useSession } from '@/api/session'
import { Button } from '@/components/button'
import { Switch } from '@/components/field'
import { EmptyState, Panel } from '@/components/page'
import { scrollRegion } from '@/components/scroll'
import { SearchField } from '@/components/search-field'
import { t } from '@/lib/i18n'
import { roleTitle } from '@/lib/role-title'
import { groupTitle } from './group-title'
import { filtered, groupsOf, type PermissionGroup } from './matrix-rows'

type MatrixProps = { roles: OrganisationRole[]; permissions: PermissionInfo[] }

/** Permissions by roles. The head and the names of the rows stay where they are while the rest scrolls. */
export function Matrix({ roles, permissions }: MatrixProps) {
  const { q = '' } = useSearch({ from: '/app/admin/roles' })
  const navigate = useNavigate()
  const [onlyDifferent, setOnlyDifferent] = useState(false)
  const groups = useMemo(() => groupsOf(permissions), [permissions])
  const rows = filtered(groups, roles, { text: q, onlyDifferent }, groupTitle)
  const search = (text: string) => void navigate({ to: '/admin/roles', search: text ? { q: text } : {}, replace: true, resetScroll: false })
  return (
    <Panel title={t('roles.matrix')} icon={Grid3x3} pad={false} i={4}>
      <p className="-mt-2 px-5 pb-4 text-[14px] text-ink-2">{t('roles.matrix_lead')}</p>
      <div className="flex flex-wrap items-center gap-x-6 gap-y-3 px-5 pb-4">
        <SearchField label={t('roles.filter')} hint={t('roles.filter_hint')} value={q} onSearch={search} className="flex-1 basis-[220px]" />
        <Switch label={t('roles.only_different')} checked={onlyDifferent} onChange={setOnlyDifferent} />
      </div>
      {rows.length === 0 ? (
        <EmptyState
          title={t('roles.none_found')}
          action={
            <Button
              kind="outline"
              size="sm"
              onClick={() => {
                setOnlyDifferent(false)
                search('')
              }}
            >
              {t('roles.show_all')}
            </Button>
          }
        >
          {t('roles.none_found_text')}
        </EmptyState>
      ) : (
        <Table roles={roles} rows={rows} />
      )}
      <p className="border-t border-line px-5 py-4 text-[13px] text-ink-3">{t('roles.node_note')}</p>
    </Panel>
  )
}

const OWN = 'bg-brand-soft'

function Table({ roles, rows }: { roles: OrganisationRole[]; rows: PermissionGroup[] }) {
  const own = useSession().role
  return (
    <div
      className="relative max-h-[min(70dvh,760px)] overflow-auto border-t border-line outline-offset-[-2px]"
      {...scrollRegion(t('roles.matrix'))}
    >
      <table className="w-full border-separate border-spacing-0 text-[14px]">
        <caption className="sr-only">{t('roles.matrix')}</caption>
        <thead>
          <tr className="text-[13px]">
            <th
              scope="col"
              className="sticky start-0 top-0 z-20 min-w-[150px] border-b border-line bg-surface py-3 ps-5 pe-3 text-start font-medium text-ink-3 sm:min-w-[280px]"
            >
              {t('roles.permission')}
            </th>
            {roles.map((role) => (
              <th
                key={role.id}
                scope="col"
                aria-current={role.id === own ? 'true' : undefined}
                className={`sticky top-0 z-10 max-w-[130px] min-w-[92px] border-b border-line px-2 py-3 text-center font-semibold ${role.id === own ? `${OWN} text-brand` : 'bg-surface'}`}
              >
                <span className="line-clamp-2">{roleTitle(role.id, role.title)}</span>
              </th>
            ))}
          </tr>
        </thead>
        {rows.map(({ group, permissions }) => (
          <tbody key={group}>
            <tr>
              <th
                scope="rowgroup"
                colSpan={roles.length + 1}
                className="border-b border-line bg-surface-2 px-5 py-2 text-start text-[13px] font-semibold text-ink-2"
              >
                <span className="sticky start-5">{groupTitle(group)}</span>
              </th>
            </tr>
            {permissions.map((permission) => (
              <tr key={permission.name} className="group/row">
                <th
                  scope="row"
                  className="sticky start-0 z-[5] border-b border-line bg-surface py-2.5 ps-5 pe-3 text-start font-normal group-hover/row:bg-surface-2"
                >
                  <span className="block">{permission.description}</span>
                  <code className="font-mono text-[12px] text-ink-3 max-sm:hidden">{permission.name}</code>
                </th>
                {roles.map((role) => (
                  <Cell key={role.id} role={role} own={role.id === own} may={role.permissions.includes(permission.name)} />
                ))}
              </tr>
            ))}
          </tbody>
        ))}
      </table>
    </div>
  )
}

function Cell({ role, own, may }: { role: OrganisationRole; own: boolean; may: boolean }) {
  const name = roleTitle(role.id, role.title)
  return (
    <td className={`border-b border-line px-2 py-2.5 text-center ${own ? OWN : 'group-hover/row:bg-surface-2'}`}>
      {may ? (
        <Check size={17} strokeWidth={2.6} className="inline text-success" aria-hidden="true" />
      ) : (
        <Minus size={15} className="inline text-ink-3/50" aria-hidden="true" />
      )}
      <span className="sr-only">{may ? t('roles.yes', { role: name }) : t('roles.no', { role: name })}</span>
    </td>
  )
}
