// Stands before an OpenID provider that checks no proof of possession (PKCE) and checks it in its stead (RFC 7636, 4.6).
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'

/** The challenge that belongs to a verifier, as `S256` makes it. */
export const challengeOf = (verifier) => createHash('sha256').update(verifier, 'ascii').digest('base64url')

/** A provider that gives tokens only to whoever asked for the code. */
export class CheckingProvider {
  /** What was asked at the token endpoint, oldest first: `{challenge, verifier}`, the challenge of the login that the code is of. */
  exchanges = []
  /** Its issuer, without a final slash. */
  issuer = ''
  #challenges = new Map()
  #behind
  #server

  /** Starts it before `behind`, a `RunningProvider`; it ends with the scope. */
  static async start(place, behind) {
    const provider = new CheckingProvider()
    provider.#behind = behind
    provider.#server = http.createServer((request, answer) => {
      provider.#pass(request, answer).catch((error) => answer.writeHead(502).end(String(error)))
    })
    provider.#server.listen(0, '127.0.0.1')
    await once(provider.#server, 'listening')
    place.after(() => provider.#server.close())
    provider.issuer = `http://127.0.0.1:${provider.#server.address().port}`
    return provider
  }

  /** Logs somebody in at the address of a login request; gives where the browser is sent. */
  async decide(address, form) {
    const location = await this.#behind.decide(address, form)
    const request = new URL(address).searchParams
    if (request.get('code_challenge_method') === 'S256') {
      this.#challenges.set(new URL(location).searchParams.get('code'), request.get('code_challenge'))
    }
    return location
  }

  async #pass(request, answer) {
    const parts = []
    for await (const part of request) parts.push(part)
    const body = Buffer.concat(parts)
    if (request.url === '/oauth2/token' && !this.#isProven(new URLSearchParams(body.toString()))) {
      const refusal = { error: 'invalid_grant', error_description: 'the verifier does not fit the challenge' }
      answer.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(refusal))
      return
    }
    // With the name that it was called by, so that the provider calls itself by it.
    const options = { method: request.method, headers: request.headers }
    const forwarded = http.request(new URL(request.url, this.#behind.issuer), options)
    forwarded.end(body)
    const [given] = await once(forwarded, 'response')
    answer.writeHead(given.statusCode, given.headers)
    given.pipe(answer)
  }

  #isProven(form) {
    const [challenge, verifier] = [this.#challenges.get(form.get('code')), form.get('code_verifier')]
    this.exchanges.push({ challenge, verifier })
    return challenge !== undefined && verifier !== null && challengeOf(verifier) === challenge
  }
}
