import { Link } from '@tanstack/react-router'
import { Quote, Users } from 'lucide-react'
import { useCan, useCanNode } from '@/api/session'
import type { Overview } from '@/api/types'
import { btn } from '@/components/button'
import { HintBanner } from '@/components/hint-banner'
import { t } from '@/lib/i18n'

/** First steps that are still open, shown to those who may take them, until they close the remark. */
export function Hints({ overview }: { overview: Overview }) {
  const mayImport = useCanNode('models.manage')
  const mayInvite = useCan('people.manage')
  return (
    <>
      {mayImport && !overview.generative_model ? (
        <HintBanner
          id="quotes"
          icon={Quote}
          title={t('today.quotes_title')}
          action={
            <Link to="/admin/models" className={btn('outline', 'sm')}>
              {t('today.quotes_action')}
            </Link>
          }
        >
          {t('today.quotes')}
        </HintBanner>
      ) : null}
      {mayInvite && !overview.checklist.people_added ? (
        <HintBanner
          id="people"
          icon={Users}
          title={t('today.people_title')}
          action={
            <Link to="/admin/people" className={btn('outline', 'sm')}>
              {t('today.step.people_action')}
            </Link>
          }
        >
          {t('today.people')}
        </HintBanner>
      ) : null}
    </>
  )
}
