import '@/lib/i18n/en/work'
import { MessageSquarePlus, ThumbsDown, ThumbsUp } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import type { Rating, RatingInput } from '@/api/types'
import { t } from '@/lib/i18n'
import { announce } from './announcer'
import { Button, IconButton } from './button'
import { Field } from './field'

const REASON_CHARACTERS_MAX = 500

type ThumbsProps = {
  rating: Rating | null
  /** Gives a thumb, or with `null` takes it back. */
  onRate: (input: RatingInput | null) => void
  /** What is judged, for a page with several answers. */
  of?: string
}

/** A thumb up or down, changeable and removable. Pressing the one that is given takes it back. */
export function Thumbs({ rating, onRate, of }: ThumbsProps) {
  const verdict = rating?.verdict
  const named = (label: string) => (of ? `${label}: ${of}` : label)
  return (
    <fieldset aria-label={named(t('work.rate'))} className="flex items-center">
      <IconButton
        label={named(t(verdict === 'up' ? 'work.rate.up_on' : 'work.rate.up'))}
        aria-pressed={verdict === 'up'}
        className={verdict === 'up' ? '!text-success' : ''}
        onClick={() => onRate(verdict === 'up' ? null : { verdict: 'up' })}
      >
        <ThumbsUp size={15} className={verdict === 'up' ? 'fill-current' : ''} aria-hidden="true" />
      </IconButton>
      <IconButton
        label={named(t(verdict === 'down' ? 'work.rate.down_on' : 'work.rate.down'))}
        aria-pressed={verdict === 'down'}
        className={verdict === 'down' ? '!text-danger' : ''}
        onClick={() => onRate(verdict === 'down' ? null : { verdict: 'down' })}
      >
        <ThumbsDown size={15} className={verdict === 'down' ? 'fill-current' : ''} aria-hidden="true" />
      </IconButton>
    </fieldset>
  )
}

/** The reason of a thumb: shown, and written or changed when somebody asks for it. */
export function ThumbReason({ rating, onRate }: { rating: Rating; onRate: (input: RatingInput) => void }) {
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
