import '@/lib/i18n/en/setup'
import '@/lib/i18n/en/signin'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { AtSign, Building2, User } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { keys, queries } from '@/api/queries'
import { adoptSession } from '@/api/session'
import { announce } from '@/components/announcer'
import { btn } from '@/components/button'
import { ErrorState, FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { PasswordField } from '@/components/password-field'
import { Seal } from '@/components/seal'
import { Bone } from '@/components/skeleton'
import { Wizard } from '@/components/wizard'
import { t } from '@/lib/i18n'
import { PASSWORD_LENGTH_MIN, strengthOf } from '@/lib/password'
import { Frame, STEPS } from './frame'
import { forgetSetupToken, useSetupToken } from './link'
import { ModelsStep } from './models-step'
import { Notice, type NoticeKind } from './notice'

type Input = { organisation_name: string; admin_name: string; admin_email: string; admin_password: string }
const EMPTY: Input = { organisation_name: '', admin_name: '', admin_email: '', admin_password: '' }
const NOTICES: Record<string, NoticeKind> = { setup_link_expired: 'expired', setup_link_unknown: 'unknown', setup_done: 'finished' }

/** First run: one-time link, organisation, administrator, models, and the hall is open. */
export default function Setup() {
  const token = useSetupToken()
  const { data: status } = useQuery(queries.setup())
  const [at, setAt] = useState(0)
  const check = useQuery({
    queryKey: ['setup', 'check', token],
    queryFn: async ({ signal }) => {
      await api.post('/api/setup/check', { body: { token: token ?? '' }, signal })
      return true
    },
    enabled: token !== null && at < 2,
    staleTime: Number.POSITIVE_INFINITY,
  })
  const node = status?.node_name
  const framed = (step: number | null, body: ReactNode) => (
    <Frame at={step} node={node}>
      {body}
    </Frame>
  )
  if (at < 2) {
    const notice = noticeFor(token, status?.needed, check.error)
    if (notice) return framed(null, <Notice kind={notice} />)
    if (check.error)
      return <Frame at={null} node={node} children={<ErrorState error={check.error} onRetry={() => void check.refetch()} />} />
    if (!check.data) return framed(0, <Checking />)
  }
  return (
    <Frame at={at} node={node}>
      {at < 2 ? <Identity at={at} token={token ?? ''} onStep={setAt} /> : null}
      {at === 2 ? <ModelsStep at={at} total={STEPS.length} onNext={() => setAt(STEPS.length)} /> : null}
      {at === STEPS.length ? <Done node={node ?? ''} /> : null}
    </Frame>
  )
}

function noticeFor(token: string | null, needed: boolean | undefined, error: unknown): NoticeKind | undefined {
  if (isApiError(error)) return NOTICES[error.code]
  if (needed === false) return 'finished'
  return token === null ? 'missing' : undefined
}

const Checking = () => (
  <div role="status" aria-label={t('setup.checking')} className="grid gap-5 pt-4">
    <Bone className="h-8 w-3/5" />
    <Bone className="h-4 w-4/5" />
    <Bone className="mt-4 h-12 w-full" />
  </div>
)

/** The two forms whose answers go to the node together. */
function Identity({ at, token, onStep }: { at: number; token: string; onStep: (at: number) => void }) {
  const [input, setInput] = useState(EMPTY)
  const client = useQueryClient()
  const create = useMutation({
    mutationFn: (body: Input) => api.post('/api/setup', { body: { token, ...body } }),
    onSuccess: (session) => {
      forgetSetupToken()
      adoptSession(client, session)
      void client.invalidateQueries({ queryKey: keys.setup, exact: true })
      announce(t('setup.step.models'))
      onStep(2)
    },
  })
  const error = isApiError(create.error) ? create.error : undefined
  const field = (name: keyof Input) => ({
    value: input[name],
    error: error?.field(name),
    required: true,
    onChange: (event: { target: { value: string } }) => setInput((now) => ({ ...now, [name]: event.target.value })),
  })
  if (at === 0) {
    return (
      <Wizard
        at={at}
        total={STEPS.length}
        title={t('setup.organisation.title')}
        lead={t('setup.organisation.lead')}
        onNext={() => onStep(1)}
      >
        <Field
          {...field('organisation_name')}
          autoFocus
          label={t('setup.organisation.name')}
          icon={Building2}
          autoComplete="organization"
          maxLength={120}
        />
      </Wizard>
    )
  }
  return (
    <Wizard
      at={at}
      total={STEPS.length}
      title={t('setup.administrator.title')}
      lead={t('setup.administrator.lead')}
      next={t('setup.administrator.submit')}
      onBack={() => onStep(0)}
      onNext={() => create.mutate(input)}
      busy={create.isPending}
      canNext={strengthOf(input.admin_password) !== 'weak'}
    >
      <Field {...field('admin_name')} label={t('setup.administrator.name')} icon={User} autoComplete="name" maxLength={120} />
      <Field
        {...field('admin_email')}
        label={t('setup.administrator.email')}
        icon={AtSign}
        type="email"
        autoComplete="username"
        hint={t('setup.administrator.email_hint')}
      />
      <PasswordField
        {...field('admin_password')}
        meter
        label={t('setup.administrator.password')}
        autoComplete="new-password"
        minLength={PASSWORD_LENGTH_MIN}
      />
      <FormError error={create.error} />
    </Wizard>
  )
}

function Done({ node }: { node: string }) {
  const { data: session } = useQuery(queries.session())
  if (!session) return null
  return (
    <div className="m-auto grid justify-items-center gap-4 py-10 text-center">
      <Seal size={132} />
      <h2 className="font-display text-[36px] leading-[1.08] font-semibold tracking-[-.035em]">{t('setup.done.title')}</h2>
      <p className="max-w-[46ch] text-ink-2">
        {t('setup.done.text', { organisation: session.organisation.name, node, person: session.person.display_name })}
      </p>
      <div className="mt-3 flex flex-wrap justify-center gap-3">
        <Link to="/" className={btn('brand', 'lg')}>
          {t('setup.done.action')}
        </Link>
        <Link to="/market" className={btn('outline', 'lg')}>
          {t('setup.done.market')}
        </Link>
      </div>
    </div>
  )
}
