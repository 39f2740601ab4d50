// Speaks to a node's HTTP interface as a program would.

/** A caller with an API key; without one, an anonymous caller. */
export class Caller {
  constructor(url, key) {
    // Names resolve differently under different systems; the node listens on the IPv4 loopback.
    this.url = url.replace('//localhost:', '//127.0.0.1:')
    this.headers = key ? { authorization: `Bearer ${key}` } : {}
  }

  /** Sends a request and returns the answer of `fetch`. `body` may be text (sent as it is) or a value (sent as JSON). */
  send(method, path, { body, headers } = {}) {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    return fetch(this.url + path, { method, body: text, headers: { ...this.headers, ...type, ...headers } })
  }

  /** Sends a value as JSON and returns the answer of `fetch`, which `signal` gives up. */
  open(method, path, value, signal) {
    const headers = { ...this.headers, 'content-type': 'application/json' }
    return fetch(this.url + path, { method, body: JSON.stringify(value), headers, signal })
  }

  /** Sends a request and returns status and JSON body. */
  async json(method, path, options) {
    const response = await this.send(method, path, options)
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
  }

  async get(path) {
    const { status, body } = await this.json('GET', path)
    if (status !== 200) throw new Error(`GET ${path} answered ${status}: ${JSON.stringify(body)}`)
    return body
  }

  /** Asks an employee and gives the events of the answer as they come. */
  async *ask(ve, body) {
    const response = await this.send('POST', `/api/ves/${ve}/chat`, { body, headers: { accept: 'text/event-stream' } })
    if (response.status !== 200) throw new Error(`chat answered ${response.status}: ${await response.text()}`)
    yield* events(response.body)
  }
}

/** Reads server-sent events: `{event, id, data}` with `data` parsed. Comments are left out. */
export async function* events(stream) {
  let rest = ''
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    rest += text
    const frames = rest.split('\n\n')
    rest = frames.pop()
    for (const frame of frames) {
      const event = readFrame(frame)
      if (event.data !== undefined) yield event
    }
  }
}

function readFrame(frame) {
  const found = {}
  for (const line of frame.split('\n')) {
    const at = line.indexOf(':')
    if (at > 0) found[line.slice(0, at)] = line.slice(at + 1).trimStart()
  }
  return { event: found.event, id: found.id, data: found.data === undefined ? undefined : JSON.parse(found.data) }
}

/** Everything a stream of events brings, in order. */
export async function collect(stream) {
  const all = []
  for await (const event of stream) all.push(event)
  return all
}
