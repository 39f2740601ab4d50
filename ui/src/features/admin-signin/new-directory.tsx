import '@/lib/i18n/en/grants'
import '@/lib/i18n/en/sign-in-settings'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Directory } from '@/api/directory-queries'
import { isApiError } from '@/api/error'
import { announce } from '@/components/announcer'
import { btn } from '@/components/button'
import { FormError } from '@/components/error-state'
import { toast } from '@/components/toast'
import { Wizard } from '@/components/wizard'
import { t } from '@/lib/i18n'
import { emptyDraft, isDone, PARTS, partOf, toInput } from './directory-draft'
import { DirectoryPart } from './directory-parts'
import { DirectoryTestPanel } from './directory-test'
import { DryRunPanel } from './dry-run'
import { WizardPage } from './frame'
import { useEnableDirectory, useSaveDirectory, wrongIn } from './use-directory'

const TEST = PARTS.length
const OPEN = PARTS.length + 1
const TOTAL = PARTS.length + 2

/** Connects a directory step by step. It is saved before anybody can sign in by it; the last step opens it. */
export default function NewDirectory() {
  const [at, setAt] = useState(0)
  const [draft, setDraft] = useState(emptyDraft)
  const [saved, setSaved] = useState<Directory>()
  const [passed, setPassed] = useState<boolean>()
  const save = useSaveDirectory()
  const steps = [...PARTS, 'test', 'open'] as const
  const part = PARTS[at]
  const back = at > 0 ? () => setAt(at - 1) : undefined
  const common = { at, total: TOTAL, onBack: back }
  /** A refused field is shown where it is entered. */
  const onRefused = (error: unknown) => {
    const field = isApiError(error) ? error.fields[0]?.field : undefined
    const wrong = field ? partOf(field) : undefined
    if (wrong) setAt(PARTS.indexOf(wrong))
  }
  const onSave = () =>
    save.mutate(
      { id: saved?.id, input: toInput(draft, false) },
      {
        onSuccess: (directory) => {
          setSaved(directory)
          setAt(OPEN)
          announce(t('directory.saved', { name: directory.name }))
        },
        onError: onRefused,
      },
    )
  const input = () => ({ ...toInput(draft, false), ...(saved ? { id: saved.id } : {}) })
  return (
    <WizardPage
      title={t('directory.new')}
      lead={t('directory.new_lead')}
      at={at}
      steps={steps.map((name) => ({ title: t(`directory.part.${name}`) }))}
    >
      {part ? (
        <Wizard
          {...common}
          title={t(`directory.part_title.${part}`)}
          lead={t(`directory.part_lead.${part}`)}
          canNext={isDone(part, draft)}
          onNext={() => setAt(at + 1)}
        >
          <DirectoryPart part={part} draft={draft} onChange={setDraft} wrong={wrongIn(save.error)} />
          {save.error ? <FormError error={save.error} /> : null}
        </Wizard>
      ) : at === TEST ? (
        <Wizard
          {...common}
          title={t('directory.part_title.test')}
          lead={t('directory.part_lead.test')}
          next={t('directory.save_off')}
          note={passed === false ? t('directory.save_anyway') : undefined}
          busy={save.isPending}
          onNext={onSave}
        >
          <DirectoryTestPanel input={input} name={draft.name} onResult={setPassed} />
          <FormError error={save.error} />
        </Wizard>
      ) : saved ? (
        <OpenStep {...common} directory={saved} />
      ) : null}
    </WizardPage>
  )
}

type OpenProps = { at: number; total: number; onBack: (() => void) | undefined; directory: Directory }
/** Who would get in, before anybody does. */
function OpenStep({ directory, ...step }: OpenProps) {
  const navigate = useNavigate()
  const enable = useEnableDirectory(directory.id)
  const open = () =>
    enable.mutate(true, {
      onSuccess: () => {
        toast.success(t('directory.opened', { name: directory.name }))
        return navigate({ to: '/admin/sign-in/directories/$directory', params: { directory: directory.id } })
      },
    })
  return (
    <Wizard
      {...step}
      title={t('directory.part_title.open')}
      lead={t('directory.part_lead.open')}
      next={t('directory.open')}
      busy={enable.isPending}
      onNext={open}
    >
      <DryRunPanel id={directory.id} name={directory.name} />
      <FormError error={enable.error} />
      <Link to="/admin/sign-in" className={btn('quiet', 'sm', 'justify-self-start')}>
        {t('signins.leave_off')}
      </Link>
    </Wizard>
  )
}
