import { Cpu, type LucideIcon, Sparkles, Store, Users } from 'lucide-react'
import type { Overview } from '@/api/types'
import { firstName } from '@/components/agent-facts'
import { t } from '@/lib/i18n'

/** One of the first steps. Without an action the reader's role does not take it, or it has to wait for another. */
export type FirstStep = {
  id: 'model' | 'people' | 'hire' | 'chat'
  title: string
  text: string
  done: boolean
  waiting: boolean
  icon: LucideIcon
  to: '/admin/models' | '/admin/people' | '/market' | '/team' | '/chat'
  action: string
}

/** The steps the reader may take, with what is true of each. */
export function firstSteps(overview: Overview, rights: { models: boolean; people: boolean }): FirstStep[] {
  const { model_imported: model, people_added: people, hired, chatted } = overview.checklist
  const employee = overview.employees[0]
  const name = employee ? firstName(employee.persona_name) : ''
  const steps: (FirstStep & { mine: boolean })[] = [
    {
      id: 'model',
      mine: rights.models,
      title: t('today.step.model'),
      text: model ? t('today.step.model_done') : t('today.step.model_todo'),
      done: model,
      waiting: false,
      icon: Cpu,
      to: '/admin/models',
      action: t('today.step.model_action'),
    },
    {
      id: 'people',
      mine: rights.people,
      title: t('today.step.people'),
      text: people ? t('today.step.people_done') : t('today.step.people_todo'),
      done: people,
      waiting: false,
      icon: Users,
      to: '/admin/people',
      action: t('today.step.people_action'),
    },
    {
      id: 'hire',
      mine: true,
      title: t('today.step.hire'),
      text: hired && employee ? t('today.step.hire_done', { name: employee.persona_name }) : t('today.step.hire_todo'),
      done: hired,
      waiting: false,
      icon: Store,
      to: hired ? '/team' : '/market',
      action: t('today.step.hire_action'),
    },
    {
      id: 'chat',
      mine: true,
      title: t('today.step.chat'),
      text: chatted ? t('today.step.chat_done') : employee ? t('today.step.chat_todo', { name }) : t('today.step.chat_wait'),
      done: chatted,
      waiting: !employee,
      icon: Sparkles,
      to: '/chat',
      action: t('today.step.chat_action'),
    },
  ]
  return steps.filter((step) => step.mine)
}
