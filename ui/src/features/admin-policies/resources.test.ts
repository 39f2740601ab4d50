import { expect, test } from 'vitest'
import type { Policy } from '@/api/policy-queries'
import { resourcesOf } from './resources'

const policy = (resource_id: string, resource_type: Policy['resource_type'] = 've'): Policy => ({
  resource_type,
  resource_id,
  resource_name: `name of ${resource_id}`,
  people: [],
  roles: ['admin'],
})

test('what is kept comes first, and a policy on something that is gone can still be found', () => {
  const known = [
    { id: 've_1', name: 'Ada' },
    { id: 've_2', name: 'Max' },
  ]
  const found = resourcesOf('ve', known, [policy('ve_2'), policy('ve_gone'), policy('starter', 'model')])
  expect(found.map((item) => [item.id, item.name, item.policy !== undefined])).toEqual([
    ['ve_2', 'Max', true],
    ['ve_gone', 'name of ve_gone', true],
    ['ve_1', 'Ada', false],
  ])
})
