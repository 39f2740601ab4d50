import { type FormEvent, useState } from 'react'
import type { Directory } from '@/api/directory-queries'
import { Button } from '@/components/button'
import { FormError } from '@/components/error-state'
import { Panel } from '@/components/page'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { draftOf, isDone, PARTS, toInput } from './directory-draft'
import { DirectoryPart } from './directory-parts'
import { useSaveDirectory, wrongIn } from './use-directory'

/** Everything the wizard asked, on one page. */
export function DirectorySettingsForm({ directory }: { directory: Directory }) {
  const [draft, setDraft] = useState(() => draftOf(directory))
  const save = useSaveDirectory()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate(
      { id: directory.id, input: toInput(draft, directory.enabled) },
      {
        onSuccess: (saved) => {
          setDraft(draftOf(saved))
          toast.success(t('directory.saved', { name: saved.name }))
        },
      },
    )
  }
  const whole = PARTS.every((part) => isDone(part, draft))
  return (
    <form onSubmit={submit} className="grid max-w-[860px] grid-cols-[minmax(0,1fr)] gap-4">
      {PARTS.map((part, i) => (
        <Panel key={part} title={t(`directory.part_title.${part}`)} i={i}>
          <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
            <DirectoryPart part={part} draft={draft} onChange={setDraft} wrong={wrongIn(save.error)} />
          </div>
        </Panel>
      ))}
      <FormError error={save.error} />
      <div className="flex justify-end">
        <Button type="submit" size="lg" disabled={!whole || save.isPending}>
          {t('action.save')}
        </Button>
      </div>
    </form>
  )
}
