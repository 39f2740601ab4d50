// Starts and stops a real OpenID provider, and walks through its pages as a browser would.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import readline from 'node:readline'

const HERE = new URL('../identity/', import.meta.url).pathname
const PYTHON = process.env.GUILDHALL_IDENTITY_PYTHON ?? path.join(HERE, '.venv/bin/python')
const READY_MAX_MS = 30_000

/** A running OpenID provider on a port the system chooses. */
export class RunningProvider {
  #child
  /** Its issuer, without a final slash. */
  issuer = ''

  static async start(place) {
    const provider = new RunningProvider()
    const parameters = ['-m', 'oidc_provider_mock', '--port', '0', '--host', '127.0.0.1']
    provider.#child = spawn(PYTHON, parameters, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, NO_COLOR: '1' } })
    place.after(() => provider.stop())
    const lines = readline.createInterface({ input: provider.#child.stderr })
    provider.issuer = await new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('the provider is not ready in time')), READY_MAX_MS)
      provider.#child.once('close', (code) => reject(new Error(`the provider ended with ${code}`)))
      lines.on('line', (line) => {
        const address = /running on (http:\/\/[\d.]+:\d+)/.exec(line)
        if (!address) return
        clearTimeout(late)
        resolve(address[1])
      })
    })
    return provider
  }

  /** Says what the provider knows of somebody. */
  async setPerson(subject, claims) {
    const answer = await fetch(`${this.issuer}/users/${encodeURIComponent(subject)}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(claims),
    })
    if (answer.status !== 204) throw new Error(`the provider answered ${answer.status}: ${await answer.text()}`)
  }

  /** Logs somebody in on the provider's page at `address`, or has them refuse; gives where the browser is sent. */
  async decide(address, form) {
    const answer = await fetch(address, { method: 'POST', redirect: 'manual', body: new URLSearchParams(form) })
    const location = answer.headers.get('location')
    if (!location) throw new Error(`the provider answered ${answer.status}: ${await answer.text()}`)
    return location
  }

  async stop() {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    await closed
  }
}

/** What a browser keeps: cookies by name, whatever their path. */
export class Browser {
  cookies = new Map()

  constructor(url) {
    this.url = url
  }

  /** Opens a page of the node without following where it leads. */
  async open(address) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(new URL(address, this.url), { redirect: 'manual', headers: cookie ? { cookie } : {} })
    for (const set of answer.headers.getSetCookie()) {
      const [pair] = set.split(';')
      const [name, value] = pair.split('=')
      if (/max-age=0/i.test(set)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return {
      status: answer.status,
      location: answer.headers.get('location'),
      set: answer.headers.getSetCookie(),
      text: await answer.text(),
    }
  }

  /** Who is logged in, if anybody. */
  async session() {
    const answer = await this.open('/api/session')
    return answer.status === 200 ? JSON.parse(answer.text) : null
  }
}
