import type { IdentityProvider } from '@/api/identity-provider-queries'
import { btn } from '@/components/button'
import { CopyLine } from '@/components/copy-line'
import { t } from '@/lib/i18n'

/** What has to be entered at the identity provider, ready to copy. */
export function NodeFacts({ provider }: { provider: IdentityProvider }) {
  const { saml, oidc } = provider
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
      {saml ? (
        <>
          <CopyLine label={t('saml.sp_entity_id')} value={saml.sp_entity_id} hint={t('saml.sp_entity_id_hint')} />
          <CopyLine label={t('saml.acs_url')} value={saml.acs_url} hint={t('saml.acs_url_hint')} />
          <CopyLine label={t('saml.metadata_url')} value={saml.metadata_url} hint={t('saml.metadata_url_hint')} />
          <CopyLine label={t('saml.sp_slo_url')} value={saml.sp_slo_url} hint={t('saml.sp_slo_url_hint')} />
          <a href={saml.metadata_url} download="guildhall-metadata.xml" className={btn('outline', 'sm', 'justify-self-start')}>
            {t('saml.metadata_save')}
          </a>
        </>
      ) : null}
      {oidc ? <CopyLine label={t('oidc.redirect_uri')} value={oidc.redirect_uri} hint={t('oidc.redirect_uri_hint')} /> : null}
    </div>
  )
}
