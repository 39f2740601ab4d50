import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Field, Select, Switch, Textarea } from '@/components/field'
import { t } from '@/lib/i18n'
import { api, type NewPlan } from '../api/client'
import { FormDialog } from '../parts/form-dialog'

type Kind = NewPlan['terms']['kind']
const KINDS: readonly Kind[] = ['subscription', 'trial', 'perpetual', 'nfr', 'internal']
const BEHAVIOURS = ['restrict_new', 'warn', 'read_only'] as const
type Behaviour = (typeof BEHAVIOURS)[number]

type Input = {
  product: string
  code: string
  name: string
  kind: Kind
  edition: string
  term: number
  grace: number
  installs: number
  lease: boolean
  leaseDays: number
  behaviour: Behaviour
  currency: string
  price: number
  tiers: string
  entitlements: string
}

const START: Input = {
  product: '',
  code: '',
  name: '',
  kind: 'subscription',
  edition: 'business',
  term: 365,
  grace: 30,
  installs: 1,
  lease: true,
  leaseDays: 90,
  behaviour: 'restrict_new',
  currency: 'EUR',
  price: 99,
  tiers: '10=5\n100=12.5',
  entitlements: 'feature.sso=true\nagents.max=50',
}

/** `10=5` a line: from ten on, five per cent. */
const readTiers = (text: string) =>
  text
    .split('\n')
    .map((line) => line.split('='))
    .filter(([quantity, percent]) => Number(quantity) > 0 && Number(percent) > 0)
    .map(([quantity, percent]) => ({ quantity_min: Number(quantity), discount_basis_points: Math.round(Number(percent) * 100) }))

/** `feature.sso=true`, `agents.max=50` or `models=a,b` a line. */
function readEntitlements(text: string): Record<string, boolean | number | string[]> {
  const entries = text
    .split('\n')
    .map((line) => line.split('=').map((part) => part.trim()))
    .filter(([name, value]) => name && value)
  return Object.fromEntries(
    entries.map(([name = '', value = '']) => {
      if (value === 'true' || value === 'false') return [name, value === 'true']
      return [name, /^\d+$/.test(value) ? Number(value) : value.split(',').map((item) => item.trim())]
    }),
  )
}

function toPlan(input: Input): NewPlan {
  const isTrial = input.kind === 'trial'
  return {
    product_id: input.product,
    code: input.code,
    name: input.name,
    terms: {
      kind: input.kind,
      edition: input.edition,
      term_days: input.kind === 'perpetual' ? null : input.term,
      grace_days: input.grace,
      maintenance_days: input.kind === 'perpetual' ? input.term : null,
      binding: { mode: 'site', max_installs: input.installs },
      lease: { required: input.lease, max_days: input.leaseDays, first_use_days: 14 },
      entitlements: readEntitlements(input.entitlements),
      overage: { policy: 'none', pct: 0, true_up: false },
      expiry_behavior: input.behaviour,
      report: { required: false, every_days: 30 },
      trial: isTrial ? { days: input.term, per_customer_max: 1 } : null,
    },
    price: {
      currency: input.currency.toUpperCase(),
      unit: 'seat',
      unit_amount_minor: Math.round(input.price * 100),
      tiers: readTiers(input.tiers),
    },
  }
}

/** Adds a plan. Its terms cannot be changed afterwards, so they are all asked for here. */
export function PlanForm({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [input, setInput] = useState(START)
  const products = useQuery({
    queryKey: ['products'],
    queryFn: ({ signal }) => api.get('/api/products', { signal, query: { limit: 100 } }),
  })
  const [product, setProduct] = useState({ code: 'guildhall', name: 'Guildhall' })
  const set = (change: Partial<Input>) => setInput((now) => ({ ...now, ...change }))
  const needsProduct = products.data?.items.length === 0
  const send = async () => {
    const made = needsProduct ? (await api.post('/api/products', { body: product })).id : input.product || products.data?.items[0]?.id
    return api.post('/api/plans', { body: toPlan({ ...input, product: made ?? '' }) })
  }
  return (
    <FormDialog
      size="lg"
      title={t('vendor.plan_add')}
      lead={t('vendor.plan_lead')}
      submit={t('action.save')}
      fields={['code', 'name', 'price.tiers', 'terms.entitlements']}
      onClose={onClose}
      send={send}
      onDone={() => {
        onClose()
        onDone()
      }}
    >
      {(fieldError) => (
        <div className="grid gap-5 sm:grid-cols-2">
          {needsProduct ? (
            <Field
              label={t('vendor.product')}
              required
              value={product.name}
              onChange={(event) => setProduct({ code: 'guildhall', name: event.target.value })}
            />
          ) : (
            <Select
              label={t('vendor.product')}
              value={input.product || (products.data?.items[0]?.id ?? '')}
              onChange={(value) => set({ product: value })}
              items={(products.data?.items ?? []).map((item) => [item.id, item.name] as const)}
            />
          )}
          <Field
            label={t('vendor.name')}
            required
            value={input.name}
            error={fieldError('name')}
            onChange={(event) => set({ name: event.target.value })}
          />
          <Field
            label={t('vendor.code')}
            hint={t('vendor.code_hint')}
            required
            value={input.code}
            error={fieldError('code')}
            onChange={(event) => set({ code: event.target.value })}
          />
          <Select
            label={t('portal.kind')}
            value={input.kind}
            onChange={(kind) => set({ kind })}
            items={KINDS.map((kind) => [kind, t(`portal.kind.${kind}`)] as const)}
          />
          <Field label={t('portal.edition')} required value={input.edition} onChange={(event) => set({ edition: event.target.value })} />
          <Field
            label={t('vendor.term_days')}
            type="number"
            min={1}
            value={input.term}
            onChange={(event) => set({ term: Number(event.target.value) })}
          />
          <Field
            label={t('vendor.grace_days')}
            type="number"
            min={0}
            value={input.grace}
            onChange={(event) => set({ grace: Number(event.target.value) })}
          />
          <Field
            label={t('portal.installs')}
            type="number"
            min={1}
            value={input.installs}
            onChange={(event) => set({ installs: Number(event.target.value) })}
          />
          <Field
            label={t('vendor.lease_days')}
            type="number"
            min={1}
            value={input.leaseDays}
            onChange={(event) => set({ leaseDays: Number(event.target.value) })}
          />
          <Select
            label={t('vendor.at_the_end')}
            value={input.behaviour}
            onChange={(behaviour) => set({ behaviour })}
            items={BEHAVIOURS.map((item) => [item, t(`portal.effect.${item}`)] as const)}
          />
          <Field
            label={t('vendor.currency')}
            maxLength={3}
            required
            value={input.currency}
            onChange={(event) => set({ currency: event.target.value })}
          />
          <Field
            label={t('vendor.price_seat')}
            type="number"
            min={0}
            step="0.01"
            value={input.price}
            onChange={(event) => set({ price: Number(event.target.value) })}
          />
          <Textarea
            label={t('vendor.tiers')}
            hint={fieldError('price.tiers') ?? t('vendor.tiers_hint')}
            mono
            rows={4}
            value={input.tiers}
            onChange={(event) => set({ tiers: event.target.value })}
          />
          <Textarea
            label={t('vendor.entitlements')}
            hint={fieldError('terms.entitlements') ?? t('vendor.entitlements_hint')}
            mono
            rows={4}
            value={input.entitlements}
            onChange={(event) => set({ entitlements: event.target.value })}
          />
          <div className="sm:col-span-2">
            <Switch
              label={t('vendor.lease_required')}
              note={t('vendor.lease_required_note')}
              checked={input.lease}
              onChange={(lease) => set({ lease })}
            />
          </div>
        </div>
      )}
    </FormDialog>
  )
}
