import { Check, Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { t } from '@/lib/i18n'
import { Button, IconButton } from './button'

const SHOWN_MS = 1_800

/** Copies with the clipboard API, or through a selection where the page is not a secure context. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const area = document.createElement('textarea')
    area.value = text
    area.className = 'sr-only'
    document.body.append(area)
    area.select()
    const copied = document.execCommand('copy')
    area.remove()
    return copied
  }
}

export function useCopy(): [copied: boolean, copy: (text: string) => void] {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [copied])
  return [copied, (text) => void copyText(text).then(setCopied)]
}

/** Copies `text`. With `label` it is an icon only; without, a button that says so. */
export function CopyButton({ text, label }: { text: string; label?: string }) {
  const [copied, copy] = useCopy()
  const icon = copied ? <Check size={15} strokeWidth={2.6} className="text-success" /> : <Copy size={15} />
  if (label) {
    return (
      <IconButton label={copied ? t('action.copied') : label} onClick={() => copy(text)}>
        {icon}
      </IconButton>
    )
  }
  return (
    <Button kind="outline" size="sm" onClick={() => copy(text)}>
      {icon}
      {copied ? t('action.copied') : t('action.copy')}
    </Button>
  )
}
