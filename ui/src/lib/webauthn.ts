/**
 * Passkeys in the browser: the JSON forms of WebAuthn Level 3 (sections 5.1.8 to 5.1.10) to what `navigator.credentials` takes, and back.
 * The browsers' own conversions are younger than many browsers in use.
 */

type DescriptorJson = { id: string; type: string; transports?: string[] }
export type RequestOptionsJson = {
  challenge: string
  timeout?: number
  rpId?: string
  allowCredentials?: DescriptorJson[]
  userVerification?: string
}
export type CreationOptionsJson = {
  rp: { id?: string; name: string }
  user: { id: string; name: string; displayName: string }
  challenge: string
  pubKeyCredParams: { type: string; alg: number }[]
  timeout?: number
  excludeCredentials?: DescriptorJson[]
  authenticatorSelection?: {
    authenticatorAttachment?: string
    residentKey?: string
    requireResidentKey?: boolean
    userVerification?: string
  }
  attestation?: string
}
export type CredentialJson = {
  id: string
  rawId: string
  type: string
  authenticatorAttachment?: string
  clientExtensionResults: Record<string, unknown>
  response: Record<string, unknown>
}

/** Some libraries wrap the options as the argument of `navigator.credentials` does. */
const unwrapped = <Options extends object>(options: Options | { publicKey: Options }): Options =>
  'publicKey' in options ? options.publicKey : options

export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (char) => char.charCodeAt(0))
}

export function toBase64Url(buffer: ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join('')
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

const TRANSPORTS = ['ble', 'hybrid', 'internal', 'nfc', 'usb'] as const
const descriptors = (list: DescriptorJson[] | undefined): PublicKeyCredentialDescriptor[] | undefined =>
  list?.map(({ id, transports }) => ({
    id: fromBase64Url(id),
    type: 'public-key',
    transports: transports ? TRANSPORTS.filter((known) => transports.includes(known)) : undefined,
  }))

const oneOf = <const Values extends readonly string[]>(values: Values, value: string | undefined): Values[number] | undefined =>
  values.find((candidate) => candidate === value)
const VERIFICATION = ['discouraged', 'preferred', 'required'] as const

export function requestOptions(json: RequestOptionsJson | { publicKey: RequestOptionsJson }): PublicKeyCredentialRequestOptions {
  const { challenge, timeout, rpId, allowCredentials, userVerification } = unwrapped(json)
  return {
    challenge: fromBase64Url(challenge),
    timeout,
    rpId,
    allowCredentials: descriptors(allowCredentials),
    userVerification: oneOf(VERIFICATION, userVerification),
  }
}

export function creationOptions(json: CreationOptionsJson | { publicKey: CreationOptionsJson }): PublicKeyCredentialCreationOptions {
  const { rp, user, challenge, pubKeyCredParams, timeout, excludeCredentials, authenticatorSelection, attestation } = unwrapped(json)
  return {
    rp,
    user: { ...user, id: fromBase64Url(user.id) },
    challenge: fromBase64Url(challenge),
    pubKeyCredParams: pubKeyCredParams.map(({ alg }) => ({ type: 'public-key', alg })),
    timeout,
    excludeCredentials: descriptors(excludeCredentials),
    authenticatorSelection: authenticatorSelection && {
      authenticatorAttachment: oneOf(['cross-platform', 'platform'], authenticatorSelection.authenticatorAttachment),
      residentKey: oneOf(VERIFICATION, authenticatorSelection.residentKey),
      requireResidentKey: authenticatorSelection.requireResidentKey,
      userVerification: oneOf(VERIFICATION, authenticatorSelection.userVerification),
    },
    attestation: oneOf(['direct', 'enterprise', 'indirect', 'none'], attestation),
  }
}

/** What the node needs of a credential, whether it was just made or just used. */
export function credentialJson(credential: PublicKeyCredential): CredentialJson {
  const { response } = credential
  const common = {
    id: credential.id,
    rawId: toBase64Url(credential.rawId),
    type: credential.type,
    ...(credential.authenticatorAttachment ? { authenticatorAttachment: credential.authenticatorAttachment } : {}),
    clientExtensionResults: {},
  }
  const clientDataJSON = toBase64Url(response.clientDataJSON)
  if (response instanceof AuthenticatorAttestationResponse) {
    const transports = response.getTransports?.() ?? []
    return { ...common, response: { clientDataJSON, attestationObject: toBase64Url(response.attestationObject), transports } }
  }
  if (!(response instanceof AuthenticatorAssertionResponse)) throw new Error('a credential without a response')
  return {
    ...common,
    response: {
      clientDataJSON,
      authenticatorData: toBase64Url(response.authenticatorData),
      signature: toBase64Url(response.signature),
      ...(response.userHandle ? { userHandle: toBase64Url(response.userHandle) } : {}),
    },
  }
}

/** Why a passkey could not be used or made here, for a sentence on the page. */
export type PasskeyTrouble = 'unsupported' | 'insecure' | 'address' | 'cancelled' | 'known' | 'failed'

/** A passkey belongs to a name: browsers know none for a numeric address, nor on a page whose certificate they do not trust. */
export function passkeyObstacle(): PasskeyTrouble | null {
  if (!window.isSecureContext) return 'insecure'
  if (/^[\d.]+$|^\[/.test(window.location.hostname)) return 'address'
  return typeof PublicKeyCredential === 'undefined' ? 'unsupported' : null
}

const TROUBLES: Record<string, PasskeyTrouble> = {
  NotAllowedError: 'cancelled',
  AbortError: 'cancelled',
  InvalidStateError: 'known',
  SecurityError: 'address',
  NotSupportedError: 'unsupported',
}
export class PasskeyError extends Error {
  override readonly name = 'PasskeyError'
  readonly trouble: PasskeyTrouble
  constructor(trouble: PasskeyTrouble) {
    super(`passkey: ${trouble}`)
    this.trouble = trouble
  }
}

async function answered(ask: () => Promise<Credential | null>): Promise<CredentialJson> {
  const obstacle = passkeyObstacle()
  if (obstacle) throw new PasskeyError(obstacle)
  let credential: Credential | null
  try {
    credential = await ask()
  } catch (error) {
    throw new PasskeyError((error instanceof Error && TROUBLES[error.name]) || 'failed')
  }
  if (!(credential instanceof PublicKeyCredential)) throw new PasskeyError('failed')
  return credentialJson(credential)
}

/** Asks the person for a passkey they have. Throws `PasskeyError`. */
export const askForPasskey = (options: RequestOptionsJson) =>
  answered(() => navigator.credentials.get({ publicKey: requestOptions(options) }))

/** Asks the person to make a passkey. Throws `PasskeyError`. */
export const makePasskey = (options: CreationOptionsJson) =>
  answered(() => navigator.credentials.create({ publicKey: creationOptions(options) }))
