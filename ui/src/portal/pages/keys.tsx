import '@/lib/i18n/en/portal-vendor'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/components/button'
import type { Column } from '@/components/datatable'
import { ConfirmDialog } from '@/components/dialog'
import { Chip, Field } from '@/components/field'
import { PageHeader } from '@/components/page'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDate, formatRelative } from '@/lib/i18n/format'
import { type ApiKey, api } from '../api/client'
import { FormDialog } from '../parts/form-dialog'
import { Listing } from '../parts/listing'
import { Once } from '../parts/once'
import { useSession } from '../session'

/** Keys for programs, each with what it may do. */
export default function Keys() {
  const [adding, setAdding] = useState(false)
  const [secret, setSecret] = useState<string | null>(null)
  const [asked, setAsked] = useState<ApiKey | null>(null)
  const client = useQueryClient()
  const refresh = () => client.invalidateQueries({ queryKey: ['keys'] })
  const revoke = useMutation({
    mutationFn: (key: string) => api.delete('/api/api-keys/{key}', { path: { key } }),
    onSuccess: () => {
      setAsked(null)
      return refresh()
    },
    onError: toast.error,
  })
  const columns: Column<ApiKey>[] = [
    {
      key: 'name',
      head: t('vendor.name'),
      cell: (row) => (
        <>
          <b className="font-semibold">{row.name}</b>
          <span className="block font-mono text-[12.5px] text-ink-3">{row.prefix}</span>
        </>
      ),
    },
    {
      key: 'scopes',
      head: t('vendor.scopes'),
      wide: true,
      hide: true,
      cell: (row) => <span className="text-[13px]">{row.scopes.join(', ')}</span>,
    },
    {
      key: 'used',
      head: t('vendor.last_used'),
      cell: (row) => (row.last_used_at ? formatRelative(row.last_used_at) : t('vendor.never_used')),
      hide: true,
    },
    {
      key: 'until',
      head: t('vendor.until'),
      cell: (row) => (row.expires_at ? formatDate(row.expires_at) : t('vendor.no_end')),
      hide: true,
    },
    {
      key: 'do',
      head: t('vendor.actions'),
      end: true,
      cell: (row) => (
        <Button kind="quiet" size="sm" onClick={() => setAsked(row)}>
          {t('portal.revoke')}
        </Button>
      ),
    },
  ]
  return (
    <>
      <PageHeader
        title={t('portal.nav.keys')}
        actions={
          <Button onClick={() => setAdding(true)}>
            <Plus size={17} aria-hidden="true" />
            {t('vendor.key_add')}
          </Button>
        }
      >
        {t('vendor.keys_lead')}
      </PageHeader>
      <Listing
        label={t('portal.nav.keys')}
        queryKey={['keys']}
        read={(cursor, signal) => api.get('/api/api-keys', { signal, query: { cursor } })}
        columns={columns}
        empty={{ title: t('vendor.keys_none'), text: t('vendor.keys_lead') }}
      />
      {adding ? (
        <Add
          onClose={() => setAdding(false)}
          onDone={(key) => {
            setAdding(false)
            setSecret(key)
            void refresh()
          }}
        />
      ) : null}
      {secret ? (
        <Once title={t('vendor.key_made')} lead={t('vendor.key_made_lead')} value={secret} onClose={() => setSecret(null)} />
      ) : null}
      <ConfirmDialog
        open={asked !== null}
        onClose={() => setAsked(null)}
        onConfirm={() => asked && revoke.mutate(asked.id)}
        title={t('vendor.key_revoke_title', { name: asked?.name ?? '' })}
        confirm={t('portal.revoke')}
        busy={revoke.isPending}
      >
        {t('vendor.key_revoke_text')}
      </ConfirmDialog>
    </>
  )
}

function Add({ onClose, onDone }: { onClose: () => void; onDone: (key: string) => void }) {
  const mine = useSession().permissions.filter((name) => name !== 'portal.use')
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<readonly string[]>([])
  const flip = (scope: string) => setScopes((now) => (now.includes(scope) ? now.filter((item) => item !== scope) : [...now, scope]))
  return (
    <FormDialog
      title={t('vendor.key_add')}
      lead={t('vendor.key_add_lead')}
      submit={t('vendor.key_add')}
      fields={['name']}
      onClose={onClose}
      send={() => api.post('/api/api-keys', { body: { name, scopes: [...scopes] } })}
      onDone={(made) => onDone(made.key)}
    >
      {(fieldError) => (
        <>
          <Field
            label={t('vendor.name')}
            required
            value={name}
            error={fieldError('name')}
            onChange={(event) => setName(event.target.value)}
          />
          <fieldset>
            <legend className="mb-2 text-[13.5px] font-medium">{t('vendor.scopes')}</legend>
            <div className="flex flex-wrap gap-2">
              {mine.map((scope) => (
                <Chip key={scope} on={scopes.includes(scope)} onClick={() => flip(scope)}>
                  {scope}
                </Chip>
              ))}
            </div>
          </fieldset>
        </>
      )}
    </FormDialog>
  )
}
