// A real SAML identity provider: pysaml2 with xmlsec1, started and stopped like any other program.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import readline from 'node:readline'
import { temporaryFolder } from './program.mjs'
import { Visitor } from './visitor.mjs'

const FOLDER = new URL('../identity/', import.meta.url).pathname
const PYTHON = path.join(FOLDER, '.venv/bin/python')

/** Starts the provider; stopped at the end of the scope. `control` changes what it does, see `idp.py`. */
export async function startProvider(place) {
  const child = spawn(PYTHON, [path.join(FOLDER, 'idp.py'), path.join(temporaryFolder(place), 'idp')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text
  })
  place.after(async () => {
    if (child.exitCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  })
  const ended = once(child, 'close').then(() => {
    throw new Error(`the identity provider ended: ${log}`)
  })
  const [line] = await Promise.race([once(readline.createInterface({ input: child.stdout }), 'line'), ended])
  const { url } = JSON.parse(line)
  const visitor = new Visitor()
  const control = async (wish) => {
    const answer = await visitor.post(`${url}/control`, wish)
    assert.equal(answer.status, 200, log)
    return JSON.parse(answer.text)
  }
  return { url, control, metadata: async () => (await visitor.get(`${url}/metadata`)).text }
}
