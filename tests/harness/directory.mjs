// Starts and stops a real OpenLDAP server on ports of its own, as the person who runs the tests.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { temporaryFolder } from './program.mjs'

const ROOT = new URL('../../', import.meta.url).pathname
const DATA = path.join(ROOT, 'crates/directory/tests/data')
const START_MAX_MS = 20_000

export const BASE_DN = 'dc=example,dc=org'
/** The account that a node searches with. */
export const READER = { dn: `cn=reader,ou=services,${BASE_DN}`, password: 'reader-password' }
/** The DN of a person or a group that the directory holds. */
export const personDn = (uid) => `uid=${uid},ou=people,${BASE_DN}`
export const groupDn = (name) => `cn=${name},ou=groups,${BASE_DN}`

/** A running directory with the people and groups of `crates/directory/tests/data`. */
export class RunningDirectory {
  #child
  #folder
  /** Certificate of the authority that issued the server's own, PEM. */
  ca_pem = ''
  plainPort = 0
  tlsPort = 0

  /** Starts the server; it is stopped at the end of the scope. `demandTls` refuses every unencrypted operation. */
  static async start(place, { demandTls = false } = {}) {
    const directory = new RunningDirectory()
    directory.#folder = temporaryFolder(place)
    directory.#makeCertificates()
    const at = directory.#folder
    fs.mkdirSync(path.join(at, 'db'))
    fs.writeFileSync(path.join(at, 'slapd.conf'), configuration(at, demandTls))
    const entries = ['people.ldif', 'groups.ldif'].map((name) => fs.readFileSync(path.join(DATA, name), 'utf8'))
    execFileSync(program('slapadd'), ['-q', '-f', path.join(at, 'slapd.conf')], { input: entries.join('\n'), stdio: 'pipe' })
    place.after(() => directory.stop())
    await directory.listen()
    return directory
  }

  get url() {
    return `ldaps://127.0.0.1:${this.tlsPort}`
  }

  get plainUrl() {
    return `ldap://127.0.0.1:${this.plainPort}`
  }

  /** Starts the process, on the same ports when it ran before. */
  async listen() {
    if (this.tlsPort === 0) [this.plainPort, this.tlsPort] = await freePorts(2)
    const urls = `${this.plainUrl} ${this.url}`
    const parameters = ['-d', '0', '-h', urls, '-f', path.join(this.#folder, 'slapd.conf')]
    this.#child = spawn(program('slapd'), parameters, { stdio: ['ignore', 'ignore', 'pipe'] })
    let log = ''
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      log += text
    })
    const late = Date.now() + START_MAX_MS
    while (!(await answers(this.tlsPort))) {
      if (this.#child.exitCode !== null || Date.now() > late) throw new Error(`slapd does not start: ${log}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async stop() {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  }

  /** Changes entries: LDIF with `changetype`, or whole entries to add. */
  change(ldif) {
    const environment = { ...process.env, LDAPTLS_CACERT: path.join(this.#folder, 'ca.pem') }
    const parameters = ['-x', '-H', this.url, '-D', `cn=admin,${BASE_DN}`, '-w', 'admin-password']
    execFileSync('ldapmodify', parameters, { input: ldif, env: environment, stdio: 'pipe' })
  }

  /** Replaces all values of an attribute; without values it is deleted. */
  replace(dn, attribute, ...values) {
    const lines = values.map((value) => `${attribute}: ${value}`)
    this.change([`dn: ${dn}`, 'changetype: modify', `replace: ${attribute}`, ...lines, ''].join('\n'))
  }

  /** What a node is told to use the directory. */
  settings(more = {}) {
    return {
      name: 'Example directory',
      kind: 'openldap',
      urls: [this.url],
      security: 'ldaps',
      ca_pem: this.ca_pem,
      bind_dn: READER.dn,
      bind_password: READER.password,
      base_dn: BASE_DN,
      group_base_dn: `ou=groups,${BASE_DN}`,
      ...more,
    }
  }

  #makeCertificates() {
    const openssl = (...parameters) => execFileSync('openssl', parameters, { cwd: this.#folder, stdio: 'pipe' })
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=authority under test')
    openssl('req', ...key, '-keyout', 'key.pem', '-out', 'cert.csr', '-subj', '/CN=directory under test')
    fs.writeFileSync(path.join(this.#folder, 'names.cnf'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
    openssl(
      ...['x509', '-req', '-in', 'cert.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...['-days', '2', '-extfile', 'names.cnf', '-out', 'cert.pem'],
    )
    this.ca_pem = fs.readFileSync(path.join(this.#folder, 'ca.pem'), 'utf8')
  }
}

function program(name) {
  const places = ['/usr/sbin', '/usr/local/sbin', '/usr/lib/openldap', '/usr/local/libexec']
  const found = places.map((place) => path.join(place, name)).find((file) => fs.existsSync(file))
  if (!found)
    throw new Error(`${name} is missing, which these tests start: install OpenLDAP, with Debian \`apt-get install slapd ldap-utils\``)
  return found
}

function configuration(at, demandTls) {
  const schema = ['/etc/ldap/schema', '/etc/openldap/schema'].find((folder) => fs.existsSync(folder))
  return `include ${schema}/core.schema
include ${schema}/cosine.schema
include ${schema}/nis.schema
include ${schema}/inetorgperson.schema
include ${DATA}/windows.schema
pidfile ${at}/slapd.pid
argsfile ${at}/slapd.args
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile ${at}/cert.pem
TLSCertificateKeyFile ${at}/key.pem
${demandTls ? 'security tls=1' : ''}
database mdb
maxsize 1073741824
suffix "${BASE_DN}"
rootdn "cn=admin,${BASE_DN}"
rootpw admin-password
directory ${at}/db
dbnosync
index objectClass,uid,mail,cn,member,uniqueMember,memberUid eq
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${READER.dn}" read by self read by * none
`
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => net.createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
