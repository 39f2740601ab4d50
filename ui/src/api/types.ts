/** The wire types of the node, by the names its OpenAPI document gives them. Times are RFC 3339 UTC strings. */

export type Role = 'admin' | 'staff' | 'normal'
export type Person = { id: string; email: string; display_name: string }
export type Organisation = { id: string; name: string; slug: string }
export type Session = {
  person: Person
  organisation: Organisation
  organisations: Organisation[]
  role: Role
  permissions: string[]
  node_permissions: string[]
  csrf_token: string | null
  must_change_password: boolean
  expires_at: string | null
}
export type SetupStatus = { needed: boolean; node_name: string; version: string }
export type SetupInput = { token: string; organisation_name: string; admin_name: string; admin_email: string; admin_password: string }
export type LoginInput = { email: string; password: string }
export type AccountSession = {
  id: string
  current: boolean
  created_at: string
  last_seen_at: string
  expires_at: string
  address: string
  user_agent: string
}
export type ApiKey = {
  id: string
  name: string
  prefix: string
  created_at: string
  last_used_at: string | null
  expires_at: string | null
}
export type CreatedApiKey = { id: string; name: string; key: string; expires_at: string | null }
export type Member = {
  id: string
  email: string
  display_name: string
  role: Role
  disabled: boolean
  platform_administrator: boolean
  created_at: string
  last_seen_at: string | null
}
export type CreatedMember = { member: Member; temporary_password: string }

export type Category = 'finance' | 'people' | 'support' | 'sales' | 'legal' | 'operations'
export type Hue = 'magenta' | 'violet' | 'cyan' | 'rose'
export type PriceModel = 'free' | 'freemium' | 'one_time' | 'subscription' | 'usage'
export type Price = { model: PriceModel; amount_minor: number; currency: string; unit: string | null }
export type AgentSummary = {
  id: string
  slug: string
  name: string
  category: Category
  summary: string
  rating: number | null
  price: Price
  icon: string
  hue: Hue
  stability: 'alpha' | 'beta' | 'stable'
  featured: boolean
  tags: string[]
  publisher: string
  version: string
  default_persona_name: string
  /** Employees of the caller's organisation hired from this agent. */
  hired: number
}
export type FacetCount = { value: string; count: number }
export type Facets = { category: FacetCount[]; price_model: FacetCount[]; publisher: FacetCount[] }
export type AgentList = { items: AgentSummary[]; next_cursor: string | null; total: number; facets: Facets }
export type SampleTask = { title: string; prompt: string }
export type AgentPermission = { id: string; reason: string }
export type AnswerMode = 'generative' | 'extractive'
export type ModelNeeds = { context_tokens_min: number; parameters_min: string; modes: AnswerMode[] }
export type HandbookSection = { title: string; passages: { id: string; title: string }[] }
export type Passage = { id: string; title: string; section: string; text: string }
export type Agent = AgentSummary & {
  /** Markdown. */
  description: string
  features: string[]
  sample_tasks: SampleTask[]
  permissions: AgentPermission[]
  model_needs: ModelNeeds
  greeting: string
  instructions: string
  handbook: HandbookSection[]
  manifest_yaml: string
  sha256: string
}

export type HireInput = { persona_name?: string; model?: string }
/** What the model chosen for an employee resolves to right now. */
export type Answering = { mode: AnswerMode; model: string; reason: string; ready: boolean }
export type Ve = {
  id: string
  persona_name: string
  state: 'active' | 'dismissed'
  /** `auto`, `extractive`, `starter` or the name of a model. */
  model: string
  answering: Answering
  agent: AgentSummary
  hired_at: string
  hired_by: string
  dismissed_at: string | null
  greeting: string
  last_message_at: string | null
  conversations: number
  messages: number
  busy: boolean
}
export type UpdateVe = { persona_name?: string; model?: string }

export type Conversation = {
  id: string
  ve_id: string
  title: string
  created_at: string
  last_message_at: string
  messages: number
  busy: boolean
}
export type Attachment = { name: string; text_bytes: number }
export type AttachmentInput = { name: string; text: string }
export type Citation = {
  number: number
  source: 'handbook' | 'attachment' | 'conversation'
  title: string
  section: string | null
  passage_id: string | null
  quote: string
  passage: string
  score: number
}
export type Usage = { input_tokens: number; output_tokens: number; cached_tokens: number }
/** Milliseconds. */
export type Timing = { queue: number; first_token: number; total: number }
export type Message = {
  id: string
  conversation_id: string
  role: 'user' | 'assistant'
  text: string
  created_at: string
  state: 'running' | 'complete' | 'stopped' | 'failed'
  attachments: Attachment[]
  citations: Citation[]
  mode: AnswerMode | null
  model: string | null
  usage: Usage | null
  timing_ms: Timing | null
  error: { code: string; message: string } | null
  author: Person | null
  /** 1-based. */
  version: number
  versions: number
  notes: string[]
}
export type ChatInput = { message: string; conversation_id?: string; attachments?: AttachmentInput[] }
export type EditInput = { message: string }
export type ChatAnswer = {
  message: Message
  usage: Usage
  mode: AnswerMode
  model: string
  citations: Citation[]
  timing_ms: Timing
  conversation_id: string
  finish_reason: 'stop' | 'length' | 'cancelled'
}

export type Model = {
  id: string
  /** The alias used when hiring. */
  name: string
  title: string
  kind: 'generative' | 'embedding'
  built_in: boolean
  architecture: string
  quantisation: string
  parameters: number
  context_length: number
  size_bytes: number
  sha256: string
  licence: string | null
  state: 'unloaded' | 'loading' | 'ready' | 'failed'
  state_detail: string | null
  memory_bytes: number | null
  loaded_at: string | null
  tokens_per_second: number | null
  /** Employees of the node that answer with it. */
  used_by: number
  suitable_for_auto: boolean
  imported_at: string
  error: { code: string; message: string } | null
}
/** What an employee can be told to answer with. */
export type ModelChoice = { model: string; title: string; mode: AnswerMode; available: boolean; note: string }

export type OverviewConversation = Conversation & { ve: Ve }
export type Overview = {
  employees: Ve[]
  recent: OverviewConversation[]
  totals: { employees: number; conversations: number; messages: number; output_tokens: number; words_quoted: number }
  checklist: { model_imported: boolean; people_added: boolean; hired: boolean; chatted: boolean }
  today: { messages: number; answers: number }
  generative_model: boolean
}
export type UsageRow = {
  id: string
  created_at: string
  ve_id: string
  persona_name: string
  person: string
  model: string
  mode: AnswerMode
  input_tokens: number
  output_tokens: number
  latency_ms: number
  first_token_ms: number
}
export type UsageReport = {
  items: UsageRow[]
  next_cursor: string | null
  totals: { messages: number; input_tokens: number; output_tokens: number }
}
export type NodeStatus = {
  version: string
  name: string
  ready: boolean
  started_at: string
  listen: string
  tls: boolean
  data_dir_free_bytes: number
  memory_bytes: number
  sqlite_version: string
  models_ready: number
}

export type FieldError = { field: string; code: string; message: string }
export type ErrorBody = { error: { code: string; message: string; request_id: string; details?: { fields?: FieldError[] } } }
export type Page<Item> = { items: Item[]; next_cursor: string | null }
