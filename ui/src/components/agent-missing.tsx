import '@/lib/i18n/en/work'
import { Link } from '@tanstack/react-router'
import { t } from '@/lib/i18n'
import { btn } from './button'
import { EmptyState } from './page'
import { PageTitle } from './page-title'

/** Where an address names an agent that the catalogue does not have (any more). */
export const AgentMissing = () => (
  <section className="panel">
    <PageTitle>{t('work.missing_title')}</PageTitle>
    <EmptyState
      heading
      title={t('work.missing_title')}
      action={
        <Link to="/market" className={btn()}>
          {t('work.missing_action')}
        </Link>
      }
    >
      {t('work.missing')}
    </EmptyState>
  </section>
)
