import { BookOpen, FileText, type LucideIcon, MessageSquareText } from 'lucide-react'
import type { Citation } from '@/api/types'

/** What a citation comes from, as a picture. */
export const SOURCE_ICONS: Record<Citation['source'], LucideIcon> = {
  handbook: BookOpen,
  attachment: FileText,
  conversation: MessageSquareText,
}
