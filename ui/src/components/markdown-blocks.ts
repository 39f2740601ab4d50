import { type MarkedToken, marked, type Token } from 'marked'

/** One top-level piece of a text: a paragraph, a list, a table. `id` stays while the text grows. */
export type Block = { id: number; token: MarkedToken }

/** No extension of the lexer is installed, so every token is one it defines itself. */
export const isMarked = (token: Token): token is MarkedToken => token.type !== ''
const isShown = (token: Token): token is MarkedToken => isMarked(token) && token.type !== 'space' && token.type !== 'def'

let closeMarks = (text: string) => text
let loading: Promise<void> | undefined

/**
 * Loads what closes half-typed marks at the end of a growing text, so that `**bo` shows as bold and a link does not jump.
 * Until it is there they show as they are typed.
 */
export function loadMarkCloser(): Promise<void> {
  loading ??= import('remend').then(({ default: remend }) => {
    closeMarks = (text) => remend(text, { linkMode: 'text-only', images: false, htmlTags: false })
  })
  return loading
}

/**
 * Splits a growing text into blocks. Blocks that can no longer change are lexed once and returned as the same objects;
 * each call lexes only the open end. A text that does not continue the last one starts over.
 */
export class BlockReader {
  #closed: Block[] = []
  #head = ''

  /** The blocks of `text`; `live` while more of it may come. */
  read(text: string, live: boolean): readonly Block[] {
    if (!text.startsWith(this.#head)) {
      this.#closed = []
      this.#head = ''
    }
    let open: Token[] = marked.lexer(text.slice(this.#head.length))
    const last = open.findLastIndex((token) => token.type !== 'space')
    if (last > 0) {
      const done = open.slice(0, last)
      const start = this.#closed.length
      this.#closed = [...this.#closed, ...done.filter(isShown).map((token, index) => ({ id: start + index, token }))]
      this.#head += done.map((token) => token.raw).join('')
      open = open.slice(last)
    }
    const tail = text.slice(this.#head.length)
    const tokens = live && tail ? marked.lexer(closeMarks(tail)) : open
    const first = this.#closed.length
    return [...this.#closed, ...tokens.filter(isShown).map((token, index) => ({ id: first + index, token }))]
  }
}
