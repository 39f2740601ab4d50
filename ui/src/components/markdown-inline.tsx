import type { Token } from 'marked'
import { createContext, Fragment, type ReactNode, useContext } from 'react'
import { t } from '@/lib/i18n'
import { isMarked } from './markdown-blocks'

/** What stands behind the numbers in square brackets of a text: `open` shows the source of one. `pending` until the sources are told. */
export type Sources = { known: ReadonlySet<number>; pending: boolean; open: (number: number) => void }
/** Without sources, `[1]` stays text. */
export const SourcesContext = createContext<Sources | null>(null)

const CITATION = /\[(\d{1,2})\]/g
const SAFE_LINK = /^(https?:|mailto:)/i

/** A chip has the same size before and after its source is known, so that no line breaks anew when an answer ends. */
function Cite({ number }: { number: number }) {
  const sources = useContext(SourcesContext)
  if (!sources || !(sources.pending || sources.known.has(number))) return `[${number}]`
  if (sources.pending) return <span className="cite">{number}</span>
  return (
    <button type="button" className="cite" aria-label={t('work.source', { number })} onClick={() => sources.open(number)}>
      {number}
    </button>
  )
}

/** Text with its citations as chips. */
function cited(text: string): ReactNode {
  const pieces = text.split(CITATION)
  if (pieces.length === 1) return text
  return pieces.map((piece, index) => (index % 2 === 1 ? <Cite key={index} number={Number(piece)} /> : piece))
}

/** Links lead out of the node, so they show where to, open in a new window, and only on a click. */
function OutLink({ href, children }: { href: string; children: ReactNode }) {
  if (!SAFE_LINK.test(href) || !URL.canParse(href)) return children
  const { host } = new URL(href)
  return (
    <a href={href} target="_blank" rel="noreferrer noopener" className="text-brand underline decoration-1 underline-offset-3">
      {children}
      {host ? <span className="text-[.86em] text-ink-3"> ({host})</span> : null}
    </a>
  )
}

/** Inline tokens as elements. HTML and images are shown as their text: nothing is parsed as markup, nothing is fetched. */
export function inline(tokens: readonly Token[] | undefined): ReactNode {
  return tokens?.map((token, index) => <Fragment key={index}>{one(token)}</Fragment>)
}

function one(token: Token): ReactNode {
  if (!isMarked(token)) return null
  switch (token.type) {
    case 'strong':
      return <strong className="font-semibold">{inline(token.tokens)}</strong>
    case 'em':
      return <em>{inline(token.tokens)}</em>
    case 'del':
      return <del>{inline(token.tokens)}</del>
    case 'codespan':
      return <code>{token.text}</code>
    case 'br':
      return <br />
    case 'link':
      return <OutLink href={token.href}>{inline(token.tokens)}</OutLink>
    case 'image':
      return <OutLink href={token.href}>{token.text || token.href}</OutLink>
    case 'text':
      return token.tokens ? inline(token.tokens) : cited(token.text)
    case 'escape':
      return token.text
    case 'checkbox':
      return <span aria-hidden="true">{token.checked ? '☑ ' : '☐ '}</span>
    default:
      return 'text' in token ? token.text : token.raw
  }
}
