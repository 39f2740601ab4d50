import { btn } from '@/components/button'
import { EmptyState } from '@/components/page'
import { t } from '@/lib/i18n'
import { Link } from '../router'

/** No such page, or not for this session. */
export const NothingHere = () => (
  <EmptyState
    heading
    title={t('portal.nothing_title')}
    action={
      <Link to="/" className={btn('outline', 'sm')}>
        {t('portal.nothing_home')}
      </Link>
    }
  >
    {t('portal.nothing')}
  </EmptyState>
)
