import '@/lib/i18n/en/grants'
import '@/lib/i18n/en/sign-in-settings'
import { ProviderWizard } from './provider-wizard'

export default function NewOidc() {
  return <ProviderWizard kind="oidc" />
}
