import '@/lib/i18n/en/work'
import { ThumbsDown, ThumbsUp } from 'lucide-react'
import type { Rating, RatingInput } from '@/api/types'
import { t } from '@/lib/i18n'
import { IconButton } from './button'

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
