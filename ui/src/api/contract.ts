import type { components } from './schema'

type Schemas = components['schemas']
type Json<Body> = { content: { 'application/json': Body } }

/** One operation in the form of the OpenAPI document, for those whose types are written down beside their queries. */
export type Operation<Answer, Body = never> = { responses: { 200: Json<Answer> } } & ([Body] extends [never]
  ? unknown
  : { requestBody: Json<Body> })

/** One line of any test of a connection. */
export type TestStep = Schemas['DirectoryStep'] | Schemas['LoginTestStep']
/** Who is in a group gets a role in an organisation. */
export type GroupRule = Schemas['GroupGrant']
/** A role in an organisation. */
export type RoleGrant = Schemas['DefaultGrant']
