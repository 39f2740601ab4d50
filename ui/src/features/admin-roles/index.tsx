import '@/lib/i18n/en/roles'
import { useQuery } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { type OrganisationRole, type PermissionInfo, roleQueries } from '@/api/role-queries'
import { useCan, useSession } from '@/api/session'
import { Button } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { PageHeader } from '@/components/page'
import { CardsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { DeleteRole } from './delete-role'
import { Matrix } from './matrix'
import { RoleCards } from './role-cards'
import { RoleDialog, type RoleDraft } from './role-dialog'

/** The roles of the organisation: what each may do, and roles of one's own. */
export default function Roles() {
  const roles = useQuery(roleQueries.roles())
  const permissions = useQuery(roleQueries.permissions())
  const manage = useCan('roles.manage')
  const session = useSession()
  const [draft, setDraft] = useState<RoleDraft | null>(null)
  const [deleting, setDeleting] = useState<OrganisationRole | null>(null)
  const error = roles.error ?? permissions.error
  const retry = () => {
    void roles.refetch()
    void permissions.refetch()
  }
  const ready = roles.data && permissions.data ? { roles: roles.data.items, permissions: permissions.data.items } : null
  return (
    <>
      <PageHeader
        title={t('roles.title')}
        actions={
          manage && ready ? (
            <Button onClick={() => setDraft({ kind: 'new', role: null, permissions: membersOf(ready.roles, session.permissions) })}>
              <Plus size={17} strokeWidth={2.4} aria-hidden="true" />
              {t('roles.add')}
            </Button>
          ) : null
        }
      >
        {t('roles.lead')}
      </PageHeader>
      {error && !ready ? <ErrorState error={error} onRetry={retry} /> : null}
      {ready || error ? null : <CardsSkeleton cards={6} />}
      {ready ? <Page {...ready} manage={manage} onDraft={setDraft} onDelete={setDeleting} /> : null}
      {draft && ready ? <RoleDialog draft={draft} permissions={ready.permissions} onClose={() => setDraft(null)} /> : null}
      {deleting ? <DeleteRole role={deleting} onClose={() => setDeleting(null)} /> : null}
    </>
  )
}

/** A new role begins with what every member may do: without it the pages of daily work stay empty. */
const membersOf = (roles: readonly OrganisationRole[], own: readonly string[]) =>
  roles.find((role) => role.id === 'normal')?.permissions.filter((permission) => own.includes(permission)) ?? []

type PageProps = {
  roles: OrganisationRole[]
  permissions: PermissionInfo[]
  manage: boolean
  onDraft: (draft: RoleDraft) => void
  onDelete: (role: OrganisationRole) => void
}

const Page = ({ roles, permissions, manage, onDraft, onDelete }: PageProps) => (
  <div className="grid grid-cols-[minmax(0,1fr)] gap-6">
    <RoleCards roles={roles} permissions={permissions} manage={manage} onDraft={onDraft} onDelete={onDelete} />
    <Matrix roles={roles} permissions={permissions} />
  </div>
)
