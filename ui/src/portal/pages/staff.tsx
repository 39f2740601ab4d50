import '@/lib/i18n/en/portal-vendor'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { UserPlus } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/components/button'
import type { Column } from '@/components/datatable'
import { Field, Select } from '@/components/field'
import { PageHeader } from '@/components/page'
import { StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatRelative } from '@/lib/i18n/format'
import { api, type StaffMember, type StaffRole } from '../api/client'
import { FormDialog } from '../parts/form-dialog'
import { Listing } from '../parts/listing'
import { Once } from '../parts/once'

const ROLES: readonly StaffRole[] = ['admin', 'sales', 'support', 'auditor']

/** The vendor's own people. */
export default function Staff() {
  const [adding, setAdding] = useState(false)
  const [password, setPassword] = useState<string | null>(null)
  const client = useQueryClient()
  const refresh = () => client.invalidateQueries({ queryKey: ['staff'] })
  const change = useMutation({
    mutationFn: ({ staff, ...body }: { staff: string; role?: StaffRole; disabled?: boolean }) =>
      api.patch('/api/staff/{staff}', { path: { staff }, body }),
    onError: toast.error,
    onSettled: refresh,
  })
  const reset = useMutation({
    mutationFn: (staff: string) => api.post('/api/staff/{staff}/password', { path: { staff } }),
    onSuccess: (made) => setPassword(made.temporary_password),
    onError: toast.error,
  })
  const columns: Column<StaffMember>[] = [
    {
      key: 'name',
      head: t('vendor.name'),
      wide: true,
      cell: (row) => (
        <>
          <b className="font-semibold">{row.display_name}</b>
          <span className="block text-[13px] text-ink-3">{row.email}</span>
        </>
      ),
    },
    {
      key: 'role',
      head: t('vendor.role'),
      cell: (row) => (
        <Select
          bare
          label={t('vendor.role_of', { name: row.display_name })}
          className="w-[150px]"
          value={row.role}
          disabled={change.isPending || row.disabled}
          onChange={(role) => change.mutate({ staff: row.id, role })}
          items={ROLES.map((role) => [role, t(`portal.role.${role}`)] as const)}
        />
      ),
    },
    {
      key: 'seen',
      head: t('vendor.seen'),
      hide: true,
      cell: (row) => (row.last_seen_at ? formatRelative(row.last_seen_at) : t('vendor.never_used')),
    },
    {
      key: 'state',
      head: t('vendor.actions'),
      end: true,
      cell: (row) => (
        <span className="inline-flex items-center gap-1.5">
          {row.disabled ? <StatusPill state="paused">{t('vendor.disabled')}</StatusPill> : null}
          <Button kind="quiet" size="sm" disabled={reset.isPending} onClick={() => reset.mutate(row.id)}>
            {t('vendor.reset')}
          </Button>
          <Button
            kind="quiet"
            size="sm"
            disabled={change.isPending}
            onClick={() => change.mutate({ staff: row.id, disabled: !row.disabled })}
          >
            {row.disabled ? t('vendor.enable') : t('vendor.disable')}
          </Button>
        </span>
      ),
    },
  ]
  return (
    <>
      <PageHeader
        title={t('portal.nav.staff')}
        actions={
          <Button onClick={() => setAdding(true)}>
            <UserPlus size={17} aria-hidden="true" />
            {t('vendor.staff_add')}
          </Button>
        }
      >
        {t('vendor.staff_lead')}
      </PageHeader>
      <Listing
        label={t('portal.nav.staff')}
        queryKey={['staff']}
        read={(cursor, signal) => api.get('/api/staff', { signal, query: { cursor } })}
        columns={columns}
        empty={{ title: t('vendor.staff_none'), text: t('vendor.staff_lead') }}
      />
      {adding ? (
        <Add
          onClose={() => setAdding(false)}
          onDone={(made) => {
            setAdding(false)
            setPassword(made)
            void refresh()
          }}
        />
      ) : null}
      {password ? (
        <Once title={t('vendor.temporary')} lead={t('vendor.temporary_lead')} value={password} onClose={() => setPassword(null)} />
      ) : null}
    </>
  )
}

function Add({ onClose, onDone }: { onClose: () => void; onDone: (password: string) => void }) {
  const [input, setInput] = useState({ email: '', display_name: '' })
  const [role, setRole] = useState<StaffRole>('sales')
  return (
    <FormDialog
      title={t('vendor.staff_add')}
      lead={t('vendor.staff_add_lead')}
      submit={t('vendor.staff_add')}
      fields={['email', 'display_name']}
      onClose={onClose}
      send={() => api.post('/api/staff', { body: { ...input, role } })}
      onDone={(made) => onDone(made.temporary_password)}
    >
      {(fieldError) => (
        <>
          <Field
            label={t('vendor.name')}
            required
            value={input.display_name}
            error={fieldError('display_name')}
            onChange={(event) => setInput((now) => ({ ...now, display_name: event.target.value }))}
          />
          <Field
            label={t('vendor.email')}
            type="email"
            required
            value={input.email}
            error={fieldError('email')}
            onChange={(event) => setInput((now) => ({ ...now, email: event.target.value }))}
          />
          <Select
            label={t('vendor.role')}
            hint={t(`vendor.role.${role}_note`)}
            value={role}
            onChange={setRole}
            items={ROLES.map((item) => [item, t(`portal.role.${item}`)] as const)}
          />
        </>
      )}
    </FormDialog>
  )
}
