import '@/lib/i18n/en/consent'
import { AppWindow, Check, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Asked } from '@/api/token-queries'
import { t } from '@/lib/i18n'
import { sentence } from '@/lib/sentence'

type AskedForProps = { asked: Asked; person: string; organisation: string }

/** What an application wants, for whom and where, in words a person can decide on. */
export function AskedFor({ asked, person, organisation }: AskedForProps) {
  return (
    <div className="grid gap-5">
      <div className="flex items-center gap-3.5 rounded-[18px] border border-line bg-surface p-4 shadow-[var(--sh-1)]">
        <span className="grid size-12 shrink-0 place-items-center rounded-[15px] bg-brand-soft text-brand">
          <AppWindow size={22} aria-hidden="true" />
        </span>
        <p className="min-w-0">
          <b className="block truncate font-display text-[17px] font-semibold tracking-[-.01em]">{asked.client.name}</b>
          <span className="block text-[13.5px] text-ink-2">
            {t('consent.as', { person, organisation: asked.organisation ?? organisation })}
          </span>
        </p>
      </div>
      <div>
        <p className="mb-2 text-[14.5px] font-semibold">{t('consent.may')}</p>
        <ul aria-label={t('consent.may')} className="grid gap-2">
          {asked.scopes.map((scope) => (
            <li key={scope.name} className="flex items-start gap-2.5 text-[14.5px]">
              <Check size={17} strokeWidth={2.6} className="mt-0.5 shrink-0 text-brand" aria-hidden="true" />
              {scope.description ? sentence(scope.description).replace(/\.$/, '') : scope.name}
            </li>
          ))}
        </ul>
        <p className="mt-3 text-[13.5px] text-ink-2">{t('consent.never')}</p>
      </div>
    </div>
  )
}

/** What the person should think about before they allow it. */
export const Caution = ({ children }: { children: ReactNode }) => (
  <p className="flex items-start gap-2.5 rounded-[14px] border border-warn/40 bg-warn/10 px-3.5 py-3 text-[14px]">
    <TriangleAlert size={17} className="mt-0.5 shrink-0 text-warn" aria-hidden="true" />
    <span className="min-w-0 [overflow-wrap:anywhere]">{children}</span>
  </p>
)
