type Json<Body> = { content: { 'application/json': Body } }

/** One operation in the form of the OpenAPI document, for those whose types are written down beside their queries. */
export type Operation<Answer, Body = never> = { responses: { 200: Json<Answer> } } & ([Body] extends [never]
  ? unknown
  : { requestBody: Json<Body> })

/** A list in one piece. */
export type List<Item> = { items: Item[]; next_cursor?: string | null }

/** One line of any test of a connection. */
export type TestStep = {
  name: string
  state: 'ok' | 'failed' | 'skipped'
  detail: string
  hint: string | null
  milliseconds: number
}
/** Who is in a group gets a role in an organisation. */
export type GroupRule = { group: string; organisation_id: string; role: string }
/** A role in an organisation. */
export type RoleGrant = { organisation_id: string; role: string }
