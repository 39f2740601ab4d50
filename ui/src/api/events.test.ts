import { expect, test } from 'vitest'
import { staleKeys } from './events'
import { keys } from './queries'
import { tokenKeys } from './token-queries'

test('an answer that ends makes its employee, the lists and the overview stale, and no other employee', () => {
  const stale = staleKeys({ name: 'message.finished', ve_id: 've_1', conversation_id: 'cnv_1', message_id: 'msg_1', state: 'complete' })
  expect(stale).toContainEqual(keys.ve('ve_1'))
  expect(stale).toContainEqual(keys.overview)
  expect(stale).not.toContainEqual(keys.ve('ve_2'))
  expect(stale).not.toContainEqual(keys.ves)
})

test('an event without an employee makes all of them stale', () => {
  expect(staleKeys({ name: 've.changed' })).toContainEqual(keys.ves)
})

test('a changed model reaches models, employees that answer with it, and the node', () => {
  const stale = staleKeys({ name: 'model.changed', model_id: 'mdl_1' })
  for (const key of [keys.models, keys.ves, keys.node]) expect(stale).toContainEqual(key)
})

test('service accounts follow the people, and provisioning follows the applications', () => {
  const covered = (event: Parameters<typeof staleKeys>[0], key: readonly unknown[]) =>
    staleKeys(event).some((stale) => stale.every((part, index) => part === key[index]))
  expect(covered({ name: 'people.changed' }, tokenKeys.serviceAccounts)).toBe(true)
  expect(covered({ name: 'applications.changed' }, tokenKeys.scim)).toBe(true)
  expect(covered({ name: 'applications.changed' }, tokenKeys.serviceAccounts)).toBe(false)
})
