// A real mail server that demands encryption and a password, and keeps what it is given.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import readline from 'node:readline'
import { temporaryFolder } from './program.mjs'

const FOLDER = new URL('../identity/', import.meta.url).pathname
const PYTHON = path.join(FOLDER, '.venv/bin/python')

/** Whom the server lets in. */
export const SENDER = { name: 'guildhall', password: 'mail-password' }
/** Nobody has this address, says the server. */
export const REFUSED = 'nobody@refused.example'

/** A running mail server on a port the system chooses. */
export class RunningMailServer {
  #child
  #waiting = []
  /** Certificate of the authority that issued the server's own, PEM. */
  ca_pem = ''
  port = 0
  /** What came, oldest first: `{ to, from, subject, text }`. */
  mails = []

  static async start(place) {
    const server = new RunningMailServer()
    const folder = temporaryFolder(place)
    makeCertificates(folder)
    server.ca_pem = fs.readFileSync(path.join(folder, 'ca.pem'), 'utf8')
    const parameters = [path.join(FOLDER, 'mail_server.py'), folder, SENDER.name, SENDER.password]
    const child = spawn(PYTHON, parameters, { stdio: ['ignore', 'pipe', 'pipe'] })
    server.#child = child
    place.after(() => server.stop())
    let log = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      log += text
    })
    const lines = readline.createInterface({ input: child.stdout })
    const ended = once(child, 'close').then(() => {
      throw new Error(`the mail server ended: ${log}`)
    })
    const [line] = await Promise.race([once(lines, 'line'), ended])
    ended.catch(() => {})
    server.port = JSON.parse(line).port
    lines.on('line', (text) => server.#take(JSON.parse(text)))
    return server
  }

  /** The next mail to an address that no `next` before has given; waits for it. */
  next(address) {
    const at = this.mails.findIndex((mail) => !mail.given && mail.to.includes(address))
    if (at < 0) return new Promise((resolve) => this.#waiting.push({ address, resolve }))
    this.mails[at].given = true
    return Promise.resolve(this.mails[at])
  }

  async stop() {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    await closed
  }

  #take(mail) {
    this.mails.push(mail)
    const at = this.#waiting.findIndex(({ address }) => mail.to.includes(address))
    if (at < 0) return
    const [{ resolve }] = this.#waiting.splice(at, 1)
    mail.given = true
    resolve(mail)
  }
}

/** The link with a secret in a mail. */
export function linkIn({ text }) {
  const found = /https?:\/\/\S+#\S+/.exec(text)
  if (!found) throw new Error(`no link in the mail: ${text}`)
  return found[0]
}

function makeCertificates(folder) {
  const openssl = (...parameters) => execFileSync('openssl', parameters, { cwd: folder, stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=authority under test')
  openssl('req', ...key, '-keyout', 'key.pem', '-out', 'cert.csr', '-subj', '/CN=mail server under test')
  fs.writeFileSync(path.join(folder, 'names.cnf'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  openssl(
    ...['x509', '-req', '-in', 'cert.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
    ...['-days', '2', '-extfile', 'names.cnf', '-out', 'cert.pem'],
  )
}
