import { TriangleAlert } from 'lucide-react'
import { CopyButton } from '@/components/copy'
import { optional, t } from '@/lib/i18n'
import { referenceIn } from './path'

/** What the node says when it says nothing. */
const NEUTRAL = 'sign_in_failed'

/**
 * A sign-in elsewhere came back without success. What happened in detail is for the administrator's eyes: the page says as much as is safe,
 * and a reference under which the log knows the rest.
 */
export function Failure({ error, reference }: { error: string; reference: string | undefined }) {
  const words = optional(`signin.error.${error}`)
  const shown = referenceIn(reference) ?? (words || error === NEUTRAL ? null : referenceIn(error))
  return (
    <div role="alert" className="mt-5 rounded-[14px] border border-danger/40 bg-danger/8 px-3.5 py-3 text-[14px]">
      <p className="flex items-start gap-2.5 text-danger">
        <TriangleAlert size={17} className="mt-0.5 shrink-0" aria-hidden="true" />
        <span>{words ?? t('signin.error_other')}</span>
      </p>
      {shown ? (
        <p className="mt-1 flex items-center gap-1 ps-[27px] text-[13px] text-ink-2">
          <span className="min-w-0 break-all">
            {t('signin.error_reference')} <code className="font-mono text-[12.5px]">{shown}</code>
          </span>
          <CopyButton text={shown} label={t('signin.error_copy')} />
        </p>
      ) : null}
    </div>
  )
}
