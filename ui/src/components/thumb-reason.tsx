import '@/lib/i18n/en/work'
import { MessageSquarePlus } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import type { Rating, RatingInput } from '@/api/types'
import { t } from '@/lib/i18n'
import { announce } from './announcer'
import { Button } from './button'
import { Field } from './field'

const REASON_CHARACTERS_MAX = 500

/** The reason of a thumb: shown, and written or changed when somebody asks for it. */
export default function ThumbReason({ rating, onRate }: { rating: Rating; onRate: (input: RatingInput) => void }) {
  const [text, setText] = useState<string | null>(null)
  const save = (event: FormEvent) => {
    event.preventDefault()
    onRate({ verdict: rating.verdict, reason: (text ?? '').trim() })
    announce(t('work.rate.saved'))
    setText(null)
  }
  if (text === null) {
    return (
      <div className="mt-1 flex flex-wrap items-center gap-x-2 text-[13px] text-ink-2">
        {rating.reason ? <q className="min-w-0 [overflow-wrap:anywhere]">{rating.reason}</q> : null}
        <Button kind="quiet" size="sm" className="-ms-2 px-2" onClick={() => setText(rating.reason)}>
          <MessageSquarePlus size={14} aria-hidden="true" />
          {t(rating.reason ? 'work.rate.why_change' : 'work.rate.why')}
        </Button>
      </div>
    )
  }
  return (
    <form className="mt-2 grid max-w-[520px] gap-2" onSubmit={save}>
      <Field
        label={t('work.rate.reason')}
        hint={t('work.rate.reason_note')}
        maxLength={REASON_CHARACTERS_MAX}
        value={text}
        autoFocus
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === 'Escape' && setText(null)}
      />
      <div className="flex gap-2">
        <Button type="submit" kind="soft" size="sm">
          {t('action.save')}
        </Button>
        <Button kind="quiet" size="sm" onClick={() => setText(null)}>
          {t('action.cancel')}
        </Button>
      </div>
    </form>
  )
}
