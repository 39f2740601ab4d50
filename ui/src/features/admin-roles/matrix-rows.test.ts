import { describe, expect, test } from 'vitest'
import type { OrganisationRole, PermissionInfo } from '@/api/role-queries'
import { filtered, groupsOf, withGroup } from './matrix-rows'

const permission = (name: string, description: string, node = false): PermissionInfo => ({
  name,
  description,
  node,
  group: name.split('.')[0] ?? '',
})
const PERMISSIONS = [
  permission('chat.use', 'Chat with employees.'),
  permission('people.read', 'Read the people.'),
  permission('node.observe', 'Read the state of the node.', true),
  permission('people.manage', 'Add and remove people.'),
]
const role = (id: string, ...permissions: string[]): OrganisationRole => ({
  id,
  title: id,
  description: '',
  built_in: true,
  permissions,
  members: 0,
})
const ROLES = [role('admin', 'chat.use', 'people.read', 'people.manage'), role('normal', 'chat.use')]
const names = (text: string, onlyDifferent = false) =>
  filtered(groupsOf(PERMISSIONS), ROLES, { text, onlyDifferent }, (group) => (group === 'people' ? 'Colleagues' : group)).flatMap((group) =>
    group.permissions.map((item) => item.name),
  )

describe('the rows of the matrix', () => {
  test('are grouped, without what belongs to the node', () => {
    expect(groupsOf(PERMISSIONS).map((group) => [group.group, group.permissions.length])).toEqual([
      ['chat', 1],
      ['people', 2],
    ])
  })

  test.each([
    ['', ['chat.use', 'people.read', 'people.manage']],
    ['people', ['people.read', 'people.manage']],
    ['REMOVE', ['people.manage']],
    ['colleagues read', ['people.read']],
    ['nothing like it', []],
  ])('with “%s” are %s', (text, expected) => expect(names(text)).toEqual(expected))

  test('where roles differ leave out what all may', () => expect(names('', true)).toEqual(['people.read', 'people.manage']))
})

describe('a whole group', () => {
  const group = [permission('people.read', ''), permission('people.manage', '')]
  const mayGive = (name: string) => name !== 'people.manage'

  test('goes in as far as one may give it', () => {
    expect(withGroup(['chat.use'], group, true, mayGive)).toEqual(['chat.use', 'people.read'])
  })

  test('goes out and leaves what one may not touch', () => {
    expect(withGroup(['people.read', 'people.manage'], group, false, mayGive)).toEqual(['people.manage'])
  })
})
