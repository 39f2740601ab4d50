import '@/lib/i18n/en/grants'
import '@/lib/i18n/en/sign-in-settings'
import { ProviderWizard } from './provider-wizard'

export default function NewSaml() {
  return <ProviderWizard kind="saml" />
}
