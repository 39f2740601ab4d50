import { RotateCw, TriangleAlert, Unplug } from 'lucide-react'
import { isApiError } from '@/api/error'
import { optional, t } from '@/lib/i18n'
import { sentence } from '@/lib/sentence'
import { Button } from './button'
import { CopyButton } from './copy'

/** The node's refusal as a sentence: ours where the catalogue has words for its code, the node's own otherwise. */
export function errorText(error: unknown): string {
  if (!isApiError(error)) return t('error.crash')
  return optional(`error.code.${error.code}`) ?? sentence(error.message)
}

/** Cause, a way to try again, and the request id to hand to whoever looks after the node. */
export function ErrorState({ error, onRetry, title }: { error: unknown; onRetry?: () => void; title?: string }) {
  const lost = isApiError(error, 'unreachable')
  const Icon = lost ? Unplug : TriangleAlert
  const request = isApiError(error) ? error.request_id : null
  return (
    <div role="alert" className="grid justify-items-center gap-3 px-6 py-12 text-center">
      <span className="grid size-14 place-items-center rounded-full bg-danger/10 text-danger">
        <Icon size={26} aria-hidden="true" />
      </span>
      <p className="mt-1 font-display text-[20px] font-semibold tracking-[-.015em]">
        {title ?? (lost ? t('error.unreachable_title') : t('error.title'))}
      </p>
      <p className="max-w-[56ch] text-ink-2">{lost ? t('error.unreachable') : errorText(error)}</p>
      {onRetry ? (
        <Button kind="outline" size="sm" className="mt-2" onClick={onRetry}>
          <RotateCw size={15} aria-hidden="true" />
          {t('action.retry')}
        </Button>
      ) : null}
      {request ? <RequestId id={request} /> : null}
    </div>
  )
}

function RequestId({ id }: { id: string }) {
  return (
    <p className="flex items-center gap-1 font-mono text-[12px] text-ink-3">
      {t('error.request', { id })}
      <CopyButton text={id} label={t('error.copy_request')} />
    </p>
  )
}

/**
 * The same inside a form: one line above the button, announced when it appears.
 * `fields` are shown beside their inputs, so an error that is only about them is not said twice.
 */
export function FormError({ error, fields = [] }: { error: unknown; fields?: readonly string[] }) {
  if (!error) return null
  if (isApiError(error) && error.fields.length > 0 && error.fields.every((item) => fields.includes(item.field))) return null
  return (
    <p
      role="alert"
      className="flex items-start gap-2.5 rounded-[14px] border border-danger/40 bg-danger/8 px-3.5 py-3 text-[14px] text-danger"
    >
      <TriangleAlert size={17} className="mt-0.5 shrink-0" aria-hidden="true" />
      <span>{errorText(error)}</span>
    </p>
  )
}
