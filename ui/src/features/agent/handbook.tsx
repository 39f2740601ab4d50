import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { ArrowLeft, ArrowRight, ChevronRight } from 'lucide-react'
import { queries } from '@/api/queries'
import type { Agent } from '@/api/types'
import { firstName } from '@/components/agent-facts'
import { Button } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { SideSheet } from '@/components/side-sheet'
import { Bone } from '@/components/skeleton'
import { t } from '@/lib/i18n'

const route = getRouteApi('/app/agents/$agent')

/** The table of contents of the handbook; a passage opens beside it and has its own address. */
export function Handbook({ agent }: { agent: Agent }) {
  const { passage } = route.useSearch()
  const navigate = useNavigate()
  const open = (id: string | undefined) =>
    void navigate({
      to: '/agents/$agent',
      params: { agent: agent.slug },
      search: { tab: 'handbook', ...(id ? { passage: id } : {}) },
      replace: true,
      resetScroll: false,
    })
  return (
    <div className="grid gap-6">
      <p className="max-w-[70ch] text-ink-2">{t('agent.handbook_lead', { name: firstName(agent.default_persona_name) })}</p>
      {agent.handbook.map((section) => (
        <section key={section.title} aria-label={section.title}>
          <h2 className="flex items-baseline gap-3 font-display text-[17px] font-semibold tracking-[-.015em]">
            {section.title}
            <span className="text-[12.5px] font-normal text-ink-3">{t('agent.handbook_passages', { count: section.passages.length })}</span>
          </h2>
          <ul className="mt-2 grid gap-x-8 sm:grid-cols-2">
            {section.passages.map((item) => (
              <li key={item.id} className="border-t border-line">
                <button
                  type="button"
                  onClick={() => open(item.id)}
                  className="group flex min-h-11 w-full items-center gap-3 py-2 text-start text-[14.5px] hover:text-brand"
                >
                  <span className="min-w-0 flex-1">{item.title}</span>
                  <ChevronRight size={16} className="shrink-0 text-ink-3 group-hover:text-brand rtl:-scale-x-100" aria-hidden="true" />
                </button>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {passage ? <PassageSheet agent={agent} id={passage} onOpen={open} /> : null}
    </div>
  )
}

/** One passage, with the way to its neighbours. */
function PassageSheet({ agent, id, onOpen }: { agent: Agent; id: string; onOpen: (id: string | undefined) => void }) {
  const { data, error, refetch } = useQuery(queries.passage(agent.slug, id))
  const all = agent.handbook.flatMap((section) => section.passages)
  const at = all.findIndex((item) => item.id === id)
  const [before, after] = [at > 0 ? all[at - 1] : undefined, at >= 0 ? all[at + 1] : undefined]
  return (
    <SideSheet
      open
      onClose={() => onOpen(undefined)}
      title={data?.title ?? all[at]?.title ?? t('agent.tab.handbook')}
      lead={data ? t('agent.passage_in', { section: data.section }) : null}
    >
      {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : (
        <div role="status" aria-label={t('loading.page')} className="grid gap-3">
          <Bone className="h-4 w-full" />
          <Bone className="h-4 w-11/12" />
          <Bone className="h-4 w-4/5" />
        </div>
      )}
      {data ? <p className="text-[15.5px] leading-[1.7] break-words whitespace-pre-line">{data.text}</p> : null}
      <div className="mt-auto flex gap-2.5 pt-6">
        <Button kind="outline" size="sm" disabled={!before} onClick={() => onOpen(before?.id)}>
          <ArrowLeft size={15} className="rtl:-scale-x-100" aria-hidden="true" />
          {t('agent.passage_before')}
        </Button>
        <Button kind="outline" size="sm" className="ms-auto" disabled={!after} onClick={() => onOpen(after?.id)}>
          {t('agent.passage_after')}
          <ArrowRight size={15} className="rtl:-scale-x-100" aria-hidden="true" />
        </Button>
      </div>
    </SideSheet>
  )
}
