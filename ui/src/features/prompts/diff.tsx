import { useQuery } from '@tanstack/react-query'
import { promptQueries } from '@/api/prompt-queries'
import type { PromptDiff } from '@/api/types'
import { ErrorState } from '@/components/error-state'
import { scrollRegion } from '@/components/scroll'
import { Bone } from '@/components/skeleton'
import { t } from '@/lib/i18n'

type Line = PromptDiff['body'][number]

/** What changed between two versions, in the text and in the variables. */
export function Diff({ id, from, to }: { id: string; from: number; to: number }) {
  const { data, error, refetch } = useQuery(promptQueries.promptDiff(id, from, to))
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (!data) {
    return (
      <div role="status" aria-label={t('loading.page')} className="grid gap-3">
        <Bone className="h-4 w-1/3" />
        <Bone className="h-32 w-full" />
      </div>
    )
  }
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
      <p className="text-[13.5px] text-ink-2">{t('prompts.diff', { from, to })}</p>
      <Part title={t('prompts.diff_text')} lines={data.body} />
      <Part title={t('prompts.diff_variables')} lines={data.variables} />
    </div>
  )
}

const LOOK: Record<Line['kind'], { sign: string; look: string }> = {
  same: { sign: '', look: 'text-ink-2' },
  added: { sign: '+', look: 'bg-success/10 text-ink' },
  removed: { sign: '−', look: 'bg-danger/10 text-ink' },
}

function Part({ title, lines }: { title: string; lines: readonly Line[] }) {
  const unchanged = lines.every((line) => line.kind === 'same')
  return (
    <section>
      <h3 className="mb-2 text-[13.5px] font-medium">{title}</h3>
      {unchanged ? (
        <p className="text-[13.5px] text-ink-3">{t('prompts.diff_none')}</p>
      ) : (
        <div {...scrollRegion(title)} className="overflow-x-auto rounded-[14px] border border-line">
          <table className="w-full font-mono text-[12.5px] leading-[1.65]">
            <tbody>
              {lines.map((line, index) => (
                <Row key={index} line={line} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function Row({ line }: { line: Line }) {
  const { sign, look } = LOOK[line.kind]
  const text = line.text || '\u00a0'
  return (
    <tr className={look}>
      <td className="w-px ps-3 pe-1 text-end text-ink-3 select-none tabular-nums">{line.from_line}</td>
      <td className="w-px px-1 text-end text-ink-3 select-none tabular-nums">{line.to_line}</td>
      <td className={`w-px px-2 font-semibold select-none ${line.kind === 'added' ? 'text-success' : 'text-danger'}`} aria-hidden="true">
        {sign}
      </td>
      <td className="pe-3 [overflow-wrap:anywhere] whitespace-pre-wrap">
        {line.kind === 'same' ? null : (
          <span className="sr-only">{t(line.kind === 'added' ? 'prompts.diff_added' : 'prompts.diff_removed')}: </span>
        )}
        {line.kind === 'added' ? (
          <ins className="no-underline">{text}</ins>
        ) : line.kind === 'removed' ? (
          <del className="no-underline">{text}</del>
        ) : (
          text
        )}
      </td>
    </tr>
  )
}
