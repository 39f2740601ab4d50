import { type State, StatusPill } from '@/components/status'
import { t } from '@/lib/i18n'
import type { Licence } from '../api/client'

const LOOK: Record<Licence['state'], State> = { requested: 'waiting', active: 'done', expired: 'paused', revoked: 'failed' }

/** How a licence stands, in a word. */
export const LicencePill = ({ licence }: { licence: Licence }) => (
  <StatusPill state={LOOK[licence.state]}>{t(`portal.state.${licence.state}`)}</StatusPill>
)
