import { ArrowUp, CornerDownLeft, NotebookPen, Paperclip, Square } from 'lucide-react'
import {
  type ClipboardEvent,
  type KeyboardEvent,
  lazy,
  type Ref,
  Suspense,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from 'react'
import { useCan } from '@/api/session'
import type { Message, Ve } from '@/api/types'
import { answeringText, firstName } from '@/components/agent-facts'
import { IconButton } from '@/components/button'
import { t } from '@/lib/i18n'
import { EXTENSIONS, PASTE_CHARACTERS_MAX, pastedFile, type Refusal, type TextFile } from './attachments'
import { ComposerNotes, EditingBar, FileChips } from './composer-parts'
import type { Draft } from './drafts'
import { isActive, type Run } from './run'

const TemplateDialog = lazy(() => import('./template-dialog'))

const HEIGHT_MAX = 240
const ACCEPT = EXTENSIONS.map((extension) => `.${extension}`).join(',')

export type ComposerHandle = { focus: () => void; put: (text: string) => void }
type ComposerProps = {
  ref: Ref<ComposerHandle>
  ve: Ve
  draft: Draft
  onDraft: (change: Partial<Draft>) => void
  editing: Message | null
  onEditEnd: () => void
  onEditLast?: () => void
  onFiles: (files: Iterable<File>) => void
  refused: readonly Refusal[]
  onRefused: (refused: readonly Refusal[]) => void
  run: Run | undefined
  onSend: (text: string) => void
  onStop: () => void
}

/** Where a question is written. Enter sends, Shift and Enter makes a new line, Escape stops, arrow up edits the last question. */
export function Composer(props: ComposerProps) {
  const { ref, ve, draft, onDraft, editing, run, refused, onRefused } = props
  const area = useRef<HTMLTextAreaElement>(null)
  const [edited, setEdited] = useEditedText(editing)
  const [pasted, setPasted] = useState<TextFile | null>(null)
  const working = isActive(run)
  const text = editing ? edited : draft.text
  const setText = (next: string) => (editing ? setEdited(next) : onDraft({ text: next }))
  useImperativeHandle(ref, () => ({ focus: () => area.current?.focus(), put: (next) => fill(next, area.current, onDraft) }), [onDraft])
  useGrowingHeight(area, text)

  const send = () => {
    if (working || text.trim() === '') return
    setPasted(null)
    props.onSend(text.trim())
  }
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      send()
    } else if (event.key === 'Escape') {
      if (working) props.onStop()
      else props.onEditEnd()
    } else if (event.key === 'ArrowUp' && text === '' && !editing && props.onEditLast) {
      event.preventDefault()
      props.onEditLast()
    }
  }
  const onPaste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length > 0 && !editing) {
      event.preventDefault()
      props.onFiles(event.clipboardData.files)
      return
    }
    const long = event.clipboardData.getData('text/plain')
    if (long.length <= PASTE_CHARACTERS_MAX || editing) return
    event.preventDefault()
    const file = pastedFile(long, t('chat.pasted_name'), draft.files)
    if ('reason' in file) onRefused([file])
    else {
      onDraft({ files: [...draft.files, file] })
      setPasted(file)
    }
  }
  const unpaste = (file: TextFile) => {
    setPasted(null)
    onDraft({ text: draft.text + file.text, files: draft.files.filter((known) => known.id !== file.id) })
    area.current?.focus()
  }
  const shownPaste = pasted && draft.files.some((file) => file.id === pasted.id) ? pasted : null
  return (
    <form
      className="px-3 pb-3 sm:px-4 sm:pb-4"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <div className="mx-auto max-w-[780px]">
        <ComposerNotes
          run={run}
          refused={refused}
          pasted={shownPaste}
          onUnpaste={unpaste}
          wordsMissing={draft.files.length > 0 && text.trim() === '' && !editing}
        />
        <div
          className={`rounded-[20px] border border-field bg-surface p-2 shadow-[var(--sh-2)] transition-colors focus-within:border-brand ${working ? 'beam' : ''}`}
        >
          {editing ? <EditingBar onCancel={props.onEditEnd} /> : null}
          {draft.files.length > 0 && !editing ? (
            <FileChips files={draft.files} onRemove={(file) => onDraft({ files: draft.files.filter((known) => known.id !== file.id) })} />
          ) : null}
          <textarea
            ref={area}
            rows={1}
            value={text}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={onKeyDown}
            onPaste={onPaste}
            aria-label={t('chat.composer', { name: ve.persona_name })}
            placeholder={t('chat.placeholder', { name: firstName(ve.persona_name) })}
            className="relative z-[2] block max-h-[240px] w-full resize-none bg-transparent px-3 py-2 text-[15px] outline-none placeholder:text-ink-3"
          />
          <div className="relative z-[2] flex items-center gap-1.5">
            {editing ? null : <AttachButton onFiles={props.onFiles} />}
            <TemplateButton onInsert={(words) => fill(joined(text, words), area.current, ({ text: next = '' }) => setText(next))} />
            <span
              title={ve.answering.reason}
              className="min-w-0 truncate rounded-full bg-surface-2 px-3 py-1 font-mono text-[11.5px] text-ink-2"
            >
              {answeringText(ve)}
            </span>
            <span className="ms-auto" />
            <SendButton
              working={working}
              stopping={run?.stopping ?? false}
              editing={editing !== null}
              empty={text.trim() === ''}
              onStop={props.onStop}
            />
          </div>
        </div>
      </div>
    </form>
  )
}

/** What is inserted stands below what is written. */
const joined = (before: string, words: string) => (before.trim() === '' ? words : `${before.trimEnd()}\n\n${words}`)

/** Leads to the templates of the organisation; their code comes when somebody asks for them. */
function TemplateButton({ onInsert }: { onInsert: (text: string) => void }) {
  const mayRead = useCan('prompts.read')
  const [open, setOpen] = useState(false)
  if (!mayRead) return null
  return (
    <>
      <IconButton label={t('work.pick.insert_title')} aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <NotebookPen size={17} />
      </IconButton>
      {open ? (
        <Suspense>
          <TemplateDialog
            onClose={() => setOpen(false)}
            onInsert={(text) => {
              setOpen(false)
              // Once the dialog has given the focus back, so that the message can take it.
              requestAnimationFrame(() => onInsert(text))
            }}
          />
        </Suspense>
      ) : null}
    </>
  )
}

/** Sample words go in whole, ready to be changed or sent. */
function fill(text: string, area: HTMLTextAreaElement | null, onDraft: (change: Partial<Draft>) => void) {
  onDraft({ text })
  area?.focus()
}

/** The words of the question that is being edited; they are not the draft, which waits untouched. */
function useEditedText(editing: Message | null): [string, (text: string) => void] {
  const [state, setState] = useState<{ id: string | null; text: string }>({ id: null, text: '' })
  const id = editing?.id ?? null
  if (state.id !== id) setState({ id, text: editing?.text ?? '' })
  return [state.id === id ? state.text : (editing?.text ?? ''), (text) => setState({ id, text })]
}

/** The field is as high as its text, up to a limit. */
function useGrowingHeight(area: { readonly current: HTMLTextAreaElement | null }, text: string) {
  useLayoutEffect(() => {
    const element = area.current
    if (!element) return
    element.style.height = 'auto'
    element.style.height = `${Math.min(element.scrollHeight, HEIGHT_MAX)}px`
  }, [area, text])
}

function AttachButton({ onFiles }: { onFiles: (files: Iterable<File>) => void }) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <>
      <IconButton label={t('chat.attach')} onClick={() => input.current?.click()}>
        <Paperclip size={17} />
      </IconButton>
      <input
        ref={input}
        type="file"
        multiple
        accept={ACCEPT}
        tabIndex={-1}
        aria-hidden="true"
        className="hidden"
        onChange={(event) => {
          const files = [...(event.target.files ?? [])]
          event.target.value = ''
          if (files.length > 0) onFiles(files)
        }}
      />
    </>
  )
}

type SendProps = { working: boolean; stopping: boolean; editing: boolean; empty: boolean; onStop: () => void }
function SendButton({ working, stopping, editing, empty, onStop }: SendProps) {
  if (working) {
    const label = stopping ? t('chat.stopping') : t('chat.stop')
    return (
      <IconButton label={label} disabled={stopping} onClick={onStop} className="border border-field text-ink disabled:opacity-55">
        <Square size={14} className="fill-current" />
      </IconButton>
    )
  }
  const label = editing ? t('chat.edit_save') : t('chat.send')
  const Icon = editing ? CornerDownLeft : ArrowUp
  return (
    <button
      type="submit"
      aria-label={label}
      title={label}
      disabled={empty}
      className="btn-brand grid size-10 shrink-0 place-items-center rounded-[13px] disabled:cursor-not-allowed disabled:opacity-50"
    >
      <Icon size={18} strokeWidth={2.4} />
    </button>
  )
}
