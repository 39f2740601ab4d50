// People who come in as they would, without a page.
import assert from 'node:assert/strict'
import { Caller } from './api.mjs'

/** Makes an account with a password by an invitation of the caller's organisation; gives the session it begins with. */
export async function join(caller, { email, password }, { name, role = 'normal' }) {
  const made = await caller.json('POST', '/api/admin/invitations', { body: { role, email } })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  return accept(caller, made.body, { name, password })
}

/** Accepts an invitation with a new account. */
export async function accept(caller, invitation, { name, password }) {
  const body = { token: invitation.url.split('#')[1], display_name: name, password }
  const joined = await new Caller(caller.url).json('POST', '/api/invitations/accept', { body })
  assert.equal(joined.status, 200, JSON.stringify(joined.body))
  return joined.body
}
