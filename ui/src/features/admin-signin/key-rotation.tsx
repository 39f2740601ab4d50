import { useMutation, useQueryClient } from '@tanstack/react-query'
import { KeyRound, RotateCw } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { type IdentityProvider, identityProviderKeys, type Saml } from '@/api/identity-provider-queries'
import { Button } from '@/components/button'
import { CopyLine } from '@/components/copy-line'
import { ConfirmDialog } from '@/components/dialog'
import { Panel } from '@/components/page'
import { StatusPill } from '@/components/status'
import { StepRail } from '@/components/steprail'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { CertificateRow } from './certificates'

/** The keys this node signs and decrypts with, and how one takes over from the other without a gap. */
export function KeyRotation({ provider, saml }: { provider: IdentityProvider; saml: Saml }) {
  const [asking, setAsking] = useState(false)
  const client = useQueryClient()
  const path = { id: provider.id }
  const reread = () => client.invalidateQueries({ queryKey: identityProviderKeys.all })
  const rotate = useMutation({
    mutationFn: () => api.post('/api/admin/identity-providers/{id}/rotate-key', { path }),
    onSuccess: () => toast.success(t('keys.made')),
    onError: toast.error,
    onSettled: reread,
  })
  const activate = useMutation({
    mutationFn: () => api.post('/api/admin/identity-providers/{id}/activate-key', { path }),
    onSuccess: () => toast.success(t('keys.activated')),
    onError: toast.error,
    onSettled: () => {
      setAsking(false)
      return reread()
    },
  })
  const waiting = saml.sp_certificates.some((certificate) => !certificate.active)
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-2">
      <Panel title={t('keys.title')} icon={KeyRound}>
        <p className="-mt-2 mb-4 text-[14px] text-ink-2">{t('keys.lead')}</p>
        <ul aria-label={t('keys.title')} className="grid gap-2.5">
          {saml.sp_certificates.map((certificate) => (
            <CertificateRow
              key={certificate.fingerprint}
              certificate={certificate}
              state={
                <StatusPill state={certificate.active ? 'done' : 'queued'}>
                  {t(certificate.active ? 'keys.active' : 'keys.waiting')}
                </StatusPill>
              }
            />
          ))}
        </ul>
        {saml.sp_certificates.length === 0 ? <p className="text-[14px] text-ink-2">{t('keys.none')}</p> : null}
      </Panel>
      <Panel title={t('keys.rotation')} icon={RotateCw} i={1}>
        <StepRail
          dense
          label={t('keys.rotation')}
          at={waiting ? 1 : 0}
          steps={[
            {
              title: t('keys.step_make'),
              note: waiting ? undefined : (
                <>
                  <p>{t('keys.step_make_note')}</p>
                  <Button kind="outline" size="sm" className="mt-3" disabled={rotate.isPending} onClick={() => rotate.mutate()}>
                    {t('keys.make')}
                  </Button>
                </>
              ),
            },
            {
              title: t('keys.step_enter'),
              note: waiting ? (
                <div className="grid gap-3">
                  <p>{t('keys.step_enter_note')}</p>
                  <CopyLine label={t('saml.metadata_url')} value={saml.metadata_url} />
                </div>
              ) : undefined,
            },
            {
              title: t('keys.step_activate'),
              note: waiting ? (
                <Button size="sm" className="mt-1" onClick={() => setAsking(true)}>
                  {t('keys.activate')}
                </Button>
              ) : undefined,
            },
          ]}
        />
      </Panel>
      <ConfirmDialog
        open={asking}
        danger={false}
        onClose={() => setAsking(false)}
        onConfirm={() => activate.mutate()}
        title={t('keys.activate_title')}
        confirm={t('keys.activate')}
        busy={activate.isPending}
      >
        {t('keys.activate_text', { name: provider.name })}
      </ConfirmDialog>
    </div>
  )
}
