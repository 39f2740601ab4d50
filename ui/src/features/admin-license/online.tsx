import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { CloudCog } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { licenseQueries } from '@/api/license-queries'
import { providerQueries } from '@/api/provider-queries'
import { keys } from '@/api/queries'
import { useCanNode } from '@/api/session'
import type { LicenseServer } from '@/api/types'
import { Button } from '@/components/button'
import { ErrorState, FormError } from '@/components/error-state'
import { Field, Switch, Textarea } from '@/components/field'
import { Panel } from '@/components/page'
import { Bone } from '@/components/skeleton'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatRelative } from '@/lib/i18n/format'

/** The licence server of a connected node: off until it is configured. */
export function Online() {
  const { data, error, refetch } = useQuery(licenseQueries.server())
  if (error && !data) return <ErrorState error={error} onRetry={() => void refetch()} />
  return (
    <Panel title={t('license.tab.online')} icon={CloudCog} className="mt-5">
      <p className="-mt-2 mb-5 max-w-[84ch] text-[14px] text-pretty text-ink-2">{t('license.online_lead')}</p>
      {data ? <Form server={data.server} /> : <Bone className="h-40 w-full" />}
    </Panel>
  )
}

function Form({ server }: { server: LicenseServer | null }) {
  const client = useQueryClient()
  const [address, setAddress] = useState(server?.base_url ?? '')
  const [local, setLocal] = useState(server?.local_network ?? false)
  const [ca, setCa] = useState(server?.ca_pem ?? '')
  const [enabled, setEnabled] = useState(server?.enabled ?? false)
  const refresh = () =>
    Promise.all([client.invalidateQueries({ queryKey: keys.license }), client.invalidateQueries({ queryKey: keys.egress })])
  const save = useMutation({
    mutationFn: () =>
      api.put('/api/license/server', { body: { base_url: address, local_network: local, ca_pem: ca.trim() === '' ? null : ca, enabled } }),
    onSuccess: () => {
      toast.success(t('license.online_saved'))
      return refresh()
    },
  })
  const contact = useMutation({
    mutationFn: () => api.post('/api/license/server/contact'),
    onSuccess: ({ server: asked }) => (asked?.failure ? undefined : toast.success(t('license.online_contacted'))),
    onSettled: refresh,
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  const wrong = isApiError(save.error) ? save.error.field('base_url') : undefined
  return (
    <form onSubmit={submit} className="grid max-w-[640px] gap-4">
      <Field
        label={t('license.online_url')}
        value={address}
        type="url"
        placeholder={t('license.online_url_example')}
        error={wrong}
        onChange={(event) => setAddress(event.target.value)}
      />
      <Switch label={t('license.online_local')} note={t('license.online_local_note')} checked={local} onChange={setLocal} />
      <Textarea
        label={t('license.online_ca')}
        mono
        rows={2}
        value={ca}
        spellCheck={false}
        placeholder={t('license.online_ca_example')}
        onChange={(event) => setCa(event.target.value)}
      />
      <Switch label={t('license.online_enabled')} checked={enabled} onChange={setEnabled} />
      <FormError error={save.error} fields={['base_url']} />
      <FormError error={contact.error} />
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit" disabled={address.trim() === '' || save.isPending}>
          {t('license.online_save')}
        </Button>
        <Button kind="outline" disabled={!server?.enabled || contact.isPending} onClick={() => contact.mutate()}>
          {t('license.online_contact')}
        </Button>
      </div>
      <Last server={server} />
    </form>
  )
}

function Last({ server }: { server: LicenseServer | null }) {
  const maySee = useCanNode('egress.manage')
  const { data: egress } = useQuery({ ...providerQueries.egress(), enabled: maySee })
  if (!server) return null
  const when = server.tried_at ? formatRelative(server.tried_at) : null
  return (
    <div className="grid gap-1 text-[13.5px] text-ink-2" role="status">
      {when === null ? <p>{t('license.online_never')}</p> : null}
      {when !== null && server.failure === null ? <p>{t('license.online_ok', { when })}</p> : null}
      {when !== null && server.failure !== null ? (
        <p className="text-warn">{t('license.online_failed', { when, why: server.failure })}</p>
      ) : null}
      {server.enabled && egress?.mode === 'air_gapped' ? <p>{t('license.online_air_gapped')}</p> : null}
    </div>
  )
}
