import '@/lib/i18n/en/factors'
import { Info } from 'lucide-react'
import { t } from '@/lib/i18n'
import { PasskeyError } from '@/lib/webauthn'
import { FormError } from './error-state'

/** What went wrong with a passkey: the browser's part in our words, the node's part as any refusal. */
export function PasskeyProblem({ error, fields }: { error: unknown; fields?: readonly string[] }) {
  if (!(error instanceof PasskeyError)) return <FormError error={error} fields={fields} />
  return (
    <p role="alert" className="flex items-start gap-2.5 rounded-[14px] border border-line bg-surface-2 px-3.5 py-3 text-[14px] text-ink-2">
      <Info size={17} className="mt-0.5 shrink-0 text-info" aria-hidden="true" />
      <span>{t(`factors.passkey.${error.trouble}`)}</span>
    </p>
  )
}
