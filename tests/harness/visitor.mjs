// A browser without pages: keeps cookies, goes where it is told, over TLS with the node's own certificate.
import http from 'node:http'
import https from 'node:https'

/** What a browser keeps and sends. One visitor is one browser profile. */
export class Visitor {
  /** By host, then by name: `{ value, attributes }`. */
  cookies = new Map()

  /** Sends a request and gives `{ status, headers, text, location }`; redirections are not followed. */
  request(method, address, { body, headers = {} } = {}) {
    const url = new URL(address)
    const module = url.protocol === 'https:' ? https : http
    const jar = this.cookies.get(url.host) ?? new Map()
    const cookie = [...jar].map(([name, { value }]) => `${name}=${value}`).join('; ')
    const form = body instanceof URLSearchParams
    const text = body === undefined ? undefined : form ? body.toString() : JSON.stringify(body)
    const type = text === undefined ? {} : { 'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json' }
    // The node listens on the IPv4 loopback, and nobody vouches for the certificate it made for itself.
    const options = { method, family: 4, rejectUnauthorized: false, headers: { ...type, ...(cookie ? { cookie } : {}), ...headers } }
    return new Promise((resolve, reject) => {
      const request = module.request(url, options, (response) => {
        let answer = ''
        response.setEncoding('utf8').on('data', (piece) => {
          answer += piece
        })
        response.on('end', () => {
          this.#keep(url, response.headers['set-cookie'] ?? [])
          const location = response.headers.location && new URL(response.headers.location, url).href
          resolve({ status: response.statusCode, headers: response.headers, text: answer, location })
        })
      })
      request.on('error', reject)
      request.end(text)
    })
  }

  get(address, options) {
    return this.request('GET', address, options)
  }

  post(address, body, headers = {}) {
    return this.request('POST', address, { body, headers })
  }

  /** A cookie of a host with its attributes in lower case. */
  cookie(address, name) {
    return this.cookies.get(new URL(address).host)?.get(name)
  }

  #keep(url, lines) {
    const jar = this.cookies.get(url.host) ?? new Map()
    this.cookies.set(url.host, jar)
    for (const line of lines) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim())
      const at = pair.indexOf('=')
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)]
      if (value === '' || attributes.some((text) => text.toLowerCase() === 'max-age=0')) jar.delete(name)
      else jar.set(name, { value, attributes: attributes.map((text) => text.toLowerCase()) })
    }
  }
}

/** The form of a page that posts itself: where to, and its fields. */
export function formOf(page) {
  const plain = (text) =>
    text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&#x27;', "'").replaceAll('&amp;', '&')
  const action = /<form[^>]* action="([^"]*)"/.exec(page)
  if (!action) throw new Error(`no form in ${page.slice(0, 300)}`)
  const fields = [...page.matchAll(/<input[^>]* name="([^"]*)" value="([^"]*)"/g)].map(([, name, value]) => [name, plain(value)])
  return { action: plain(action[1]), fields: new URLSearchParams(fields) }
}
