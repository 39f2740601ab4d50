import { memo } from 'react'
import type { Citation, Message, Ve } from '@/api/types'
import { Answer } from './answer'
import { Question } from './question'
import type { Run } from './run'
import type { Turn } from './turns'

type TurnProps = {
  ve: Ve
  turn: Turn
  /** Given for the turn under way only. */
  run: Run | undefined
  onSource: (source: Citation) => void
  onEdit?: (question: Message) => void
  onAgain?: (answer: Message) => void
  onRejoin?: (answer: Message) => void
}

/** A question and its answer. A finished turn is not drawn again while a later one grows. */
export const TurnView = memo(
  function TurnView({ ve, turn, run, onSource, onEdit, onAgain, onRejoin }: TurnProps) {
    return (
      <div className="grid grid-cols-[minmax(0,1fr)] gap-6">
        {turn.question ? <Question ve={ve} message={turn.question} onEdit={onEdit} /> : null}
        {turn.answer ? <Answer ve={ve} message={turn.answer} run={run} onSource={onSource} onAgain={onAgain} onRejoin={onRejoin} /> : null}
      </div>
    )
  },
  (before, after) =>
    before.ve === after.ve &&
    before.turn.question === after.turn.question &&
    before.turn.answer === after.turn.answer &&
    before.turn.live === after.turn.live &&
    before.run === after.run &&
    before.onEdit === after.onEdit &&
    before.onAgain === after.onAgain &&
    before.onRejoin === after.onRejoin,
)
