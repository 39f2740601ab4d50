import type * as T from './types'

/** One operation in the shape openapi-typescript gives it, so that the generated `paths` can stand in for this file. */
type Operation<Answer, Body = never, Query = never> = {
  parameters: { query?: Query }
  requestBody: { content: { 'application/json': Body } }
  responses: { 200: { content: { 'application/json': Answer } } }
}
type Items<Item> = { items: Item[] }
type PageQuery = { cursor?: string; limit?: number }
type AgentQuery = PageQuery & { q?: string; category?: string; price_model?: string; publisher?: string; featured?: boolean }
type Done = undefined

/** Every operation the interface calls, by path template and method. */
export interface paths {
  '/healthz': { get: Operation<unknown> }
  '/api/setup': { get: Operation<T.SetupStatus>; post: Operation<T.Session, T.SetupInput> }
  '/api/setup/check': { post: Operation<Done, { token: string }> }
  '/api/session': { get: Operation<T.Session>; post: Operation<T.Session, T.LoginInput>; delete: Operation<Done> }
  '/api/session/organisation': { post: Operation<T.Session, { organisation_id: string }> }
  '/api/account': { patch: Operation<T.Person, { display_name: string }> }
  '/api/account/password': { post: Operation<T.Session, { current_password: string; new_password: string }> }
  '/api/account/sessions': { get: Operation<Items<T.AccountSession>>; delete: Operation<Done> }
  '/api/account/sessions/{id}': { delete: Operation<Done> }
  '/api/account/api-keys': {
    get: Operation<Items<T.ApiKey>>
    post: Operation<T.CreatedApiKey, { name: string; expires_in_days?: number }>
  }
  '/api/account/api-keys/{id}': { delete: Operation<Done> }
  '/api/admin/people': {
    get: Operation<T.Page<T.Member>, never, PageQuery>
    post: Operation<T.CreatedMember, { email: string; display_name: string; role: T.Role }>
  }
  '/api/admin/people/{id}': {
    patch: Operation<T.Member, { role?: T.Role; disabled?: boolean; display_name?: string }>
    delete: Operation<Done>
  }
  '/api/admin/people/{id}/reset-password': { post: Operation<{ temporary_password: string }> }
  '/api/admin/organisations': { get: Operation<Items<T.Organisation>>; post: Operation<T.Organisation, { name: string }> }
  '/api/marketplace/agents': { get: Operation<T.AgentList, never, AgentQuery> }
  '/api/marketplace/agents/{id}': { get: Operation<T.Agent> }
  '/api/marketplace/agents/{id}/handbook/{passage}': { get: Operation<T.Passage> }
  '/api/marketplace/agents/{id}/hire': { post: Operation<T.Ve, T.HireInput> }
  '/api/ves': { get: Operation<T.Page<T.Ve>, never, PageQuery & { state?: T.Ve['state'] }> }
  '/api/ves/{id}': { get: Operation<T.Ve>; patch: Operation<T.Ve, T.UpdateVe>; delete: Operation<Done> }
  '/api/ves/{id}/rehire': { post: Operation<T.Ve> }
  '/api/ves/{id}/chat': { post: Operation<T.ChatAnswer, T.ChatInput> }
  '/api/ves/{id}/messages': { get: Operation<T.Page<T.Message>, never, PageQuery & { conversation_id?: string }> }
  '/api/ves/{id}/messages/{message}/stop': { post: Operation<Done> }
  '/api/ves/{id}/messages/{message}/stream': { get: Operation<T.ChatAnswer> }
  '/api/ves/{id}/messages/{message}/regenerate': { post: Operation<T.ChatAnswer> }
  '/api/ves/{id}/messages/{message}/edit': { post: Operation<T.ChatAnswer, T.EditInput> }
  '/api/ves/{id}/messages/{message}/versions': { get: Operation<Items<T.Message>> }
  '/api/ves/{id}/conversations': { get: Operation<T.Page<T.Conversation>, never, PageQuery> }
  '/api/ves/{id}/conversations/{conversation}': { patch: Operation<T.Conversation, { title: string }>; delete: Operation<Done> }
  '/api/models': { get: Operation<Items<T.ModelChoice>> }
  '/api/admin/models': { get: Operation<Items<T.Model>> }
  '/api/admin/models/{id}': { delete: Operation<Done> }
  '/api/admin/models/{id}/load': { post: Operation<T.Model> }
  '/api/admin/models/{id}/unload': { post: Operation<T.Model> }
  '/api/admin/node': { get: Operation<T.NodeStatus> }
  '/api/overview': { get: Operation<T.Overview> }
  '/api/billing/usage': { get: Operation<T.UsageReport, never, PageQuery> }
}
