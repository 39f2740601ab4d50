/** One event of a `text/event-stream`. */
export type SseEvent = { event: string; data: string; id: string }

/** Incremental parser (WHATWG "event stream interpretation"): chunks may split lines, CRLF pairs and events anywhere. */
export class SseParser {
  #buffer = ''
  #event = ''
  #data: string[] = []
  #id = ''

  /** Takes the next piece of text and returns the events it completed. */
  push(chunk: string): SseEvent[] {
    this.#buffer += chunk
    const events: SseEvent[] = []
    let start = 0
    for (;;) {
      const end = this.#lineEnd(start)
      if (end === null) break
      const event = this.#line(this.#buffer.slice(start, end.at))
      if (event) events.push(event)
      start = end.next
    }
    this.#buffer = this.#buffer.slice(start)
    return events
  }

  /** A CR at the very end may be half of a CRLF, so it waits for the next chunk. */
  #lineEnd(from: number): { at: number; next: number } | null {
    for (let at = from; at < this.#buffer.length; at++) {
      const char = this.#buffer[at]
      if (char === '\n') return { at, next: at + 1 }
      if (char === '\r') {
        if (at + 1 >= this.#buffer.length) return null
        return { at, next: this.#buffer[at + 1] === '\n' ? at + 2 : at + 1 }
      }
    }
    return null
  }

  #line(line: string): SseEvent | null {
    if (line === '') return this.#dispatch()
    if (line.startsWith(':')) return null
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const raw = colon < 0 ? '' : line.slice(colon + 1)
    const value = raw.startsWith(' ') ? raw.slice(1) : raw
    if (field === 'event') this.#event = value
    else if (field === 'data') this.#data.push(value)
    else if (field === 'id' && !value.includes('\0')) this.#id = value
    return null
  }

  #dispatch(): SseEvent | null {
    const event = this.#data.length > 0 ? { event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id } : null
    this.#event = ''
    this.#data = []
    return event
  }
}

/** The events of a streamed response body. Ends when the body ends; throws when the connection breaks. */
export async function* readEvents(response: Response): AsyncGenerator<SseEvent> {
  const reader = response.body?.getReader()
  if (!reader) return
  const parser = new SseParser()
  const decoder = new TextDecoder()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      yield* parser.push(decoder.decode(value, { stream: true }))
    }
    yield* parser.push(decoder.decode())
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}
