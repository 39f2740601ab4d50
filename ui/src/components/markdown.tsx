import type { MarkedToken, Token, Tokens } from 'marked'
import { memo, type ReactNode, useEffect, useLayoutEffect, useMemo, useRef } from 'react'
import '@/lib/i18n/en/work'
import { t } from '@/lib/i18n'
import { CopyButton } from './copy'
import { BlockReader, isMarked, loadMarkCloser } from './markdown-blocks'
import { inline } from './markdown-inline'
import { scrollRegion } from './scroll'

/** Markdown as elements. While `live`, closed blocks stay untouched and a caret follows the last word. */
export function Markdown({ text, live = false }: { text: string; live?: boolean }) {
  const reader = useRef<BlockReader>(null)
  reader.current ??= new BlockReader()
  const source = reader.current
  const blocks = useMemo(() => source.read(text, live), [source, text, live])
  useEffect(() => {
    if (live) void loadMarkCloser()
  }, [live])
  const box = useRef<HTMLDivElement>(null)
  const caret = useRef<HTMLSpanElement>(null)
  useLayoutEffect(() => placeCaret(box.current, caret.current), [text, live])
  return (
    <div className="md" ref={box} data-live={live ? '' : undefined}>
      {blocks.map((block) => (
        <Block key={block.id} token={block.token} />
      ))}
      {live ? <span ref={caret} className="caret" aria-hidden="true" /> : null}
    </div>
  )
}

/** The caret is out of flow and moved by transform: it can neither wrap a line nor shift one. */
function placeCaret(box: HTMLElement | null, caret: HTMLElement | null) {
  const last = caret?.previousElementSibling
  if (!box || !caret || !last) return
  const walker = document.createTreeWalker(last, NodeFilter.SHOW_TEXT)
  let text: Node | null = null
  while (walker.nextNode()) if (walker.currentNode.textContent?.trim()) text = walker.currentNode
  const length = text?.textContent?.length ?? 0
  if (!text || length === 0) return
  const range = document.createRange()
  range.setStart(text, length - 1)
  range.setEnd(text, length)
  const glyph = range.getBoundingClientRect()
  const frame = box.getBoundingClientRect()
  caret.style.transform = `translate(${Math.min(glyph.right - frame.left + 4, frame.width - 8)}px, ${glyph.top - frame.top + 1}px)`
}

const Block = memo(
  ({ token }: { token: MarkedToken }) => <div className="blk">{element(token)}</div>,
  (before, after) => before.token.raw === after.token.raw,
)

function blocks(tokens: readonly Token[] | undefined): ReactNode {
  return tokens?.map((token, index) => (isMarked(token) ? <BlockPart key={index} token={token} /> : null))
}
const BlockPart = ({ token }: { token: MarkedToken }) => element(token)

function element(token: MarkedToken): ReactNode {
  switch (token.type) {
    case 'space':
    case 'def':
      return null
    case 'heading':
      return token.depth < 3 ? <h3>{inline(token.tokens)}</h3> : <h4>{inline(token.tokens)}</h4>
    case 'paragraph':
      return <p>{inline(token.tokens)}</p>
    case 'blockquote':
      return <blockquote>{blocks(token.tokens)}</blockquote>
    case 'hr':
      return <hr />
    case 'list':
      return <List list={token} />
    case 'code':
      return <Code text={token.text} language={token.lang ?? ''} />
    case 'table':
      return <Table table={token} />
    case 'text':
      return inline(token.tokens ?? [token])
    case 'html':
      return <p>{token.text}</p>
    default:
      return inline([token])
  }
}

function List({ list }: { list: Tokens.List }) {
  const items = list.items.map((item, index) => <li key={index}>{blocks(item.tokens)}</li>)
  return list.ordered ? <ol start={list.start === '' ? undefined : list.start}>{items}</ol> : <ul>{items}</ul>
}

function Code({ text, language }: { text: string; language: string }) {
  return (
    <div className="relative overflow-hidden rounded-[14px] border border-line bg-surface-2">
      <div className="flex h-10 items-center gap-2 border-b border-line ps-4 pe-1 font-mono text-[12px] text-ink-3">
        <span className="min-w-0 flex-1 truncate">{language}</span>
        <CopyButton text={text} label={t('work.copy_code')} />
      </div>
      <pre {...scrollRegion(t('work.code'))} className="overflow-x-auto p-4 font-mono text-[13px] leading-[1.55]">
        <code>{text}</code>
      </pre>
    </div>
  )
}

const ALIGN = { left: 'text-start', center: 'text-center', right: 'text-end tabular-nums' } as const

function Table({ table }: { table: Tokens.Table }) {
  const look = (column: number) => ALIGN[table.align[column] ?? 'left']
  return (
    <div className="table-scroll" {...scrollRegion(t('work.table'))}>
      <table>
        <thead>
          <tr>
            {table.header.map((cell, column) => (
              <th key={column} scope="col" className={look(column)}>
                {inline(cell.tokens)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column} className={look(column)}>
                  {inline(cell.tokens)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
