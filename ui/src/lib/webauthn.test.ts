import { afterEach, describe, expect, test, vi } from 'vitest'
import { creationOptions, fromBase64Url, makePasskey, PasskeyError, requestOptions, toBase64Url } from './webauthn'

const bytes = (...values: number[]) => Uint8Array.from(values)

describe('base64url', () => {
  test.each([[bytes()], [bytes(0)], [bytes(251, 255, 191)], [bytes(1, 2, 3, 4, 5)]])('goes there and back: %s', (value) => {
    const text = toBase64Url(value.buffer)
    expect(text).toMatch(/^[\w-]*$/)
    expect([...fromBase64Url(text)]).toEqual([...value])
  })
})

describe('the options of the node', () => {
  test('for signing in name the credentials as bytes', () => {
    const options = requestOptions({
      challenge: 'AQID',
      rpId: 'hall.example',
      allowCredentials: [{ id: '-_8', type: 'public-key', transports: ['usb', 'carrier-pigeon'] }],
      userVerification: 'required',
    })
    expect(options).toMatchObject({ rpId: 'hall.example', userVerification: 'required' })
    expect(options.challenge).toEqual(bytes(1, 2, 3))
    expect(options.allowCredentials).toEqual([{ id: bytes(251, 255), type: 'public-key', transports: ['usb'] }])
  })

  test('are the same inside `publicKey`', () => {
    expect(requestOptions({ publicKey: { challenge: 'AQID' } }).challenge).toEqual(bytes(1, 2, 3))
  })

  test('for a new passkey keep what the node asks of it', () => {
    const options = creationOptions({
      rp: { id: 'hall.example', name: 'Guildhall' },
      user: { id: 'BA', name: 'a@b.example', displayName: 'A' },
      challenge: 'AQID',
      pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      attestation: 'none',
    })
    expect(options.user.id).toEqual(bytes(4))
    expect(options.authenticatorSelection).toMatchObject({ residentKey: 'required', userVerification: 'required' })
    expect(options.pubKeyCredParams).toEqual([{ type: 'public-key', alg: -7 }])
  })
})

describe('a page where no passkey works', () => {
  afterEach(() => vi.unstubAllGlobals())

  test('says why instead of asking', async () => {
    vi.stubGlobal('isSecureContext', false)
    const options = { rp: { name: '' }, user: { id: '', name: '', displayName: '' }, challenge: '', pubKeyCredParams: [] }
    const error = await makePasskey(options).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(PasskeyError)
    expect(error).toMatchObject({ trouble: 'insecure' })
  })
})
