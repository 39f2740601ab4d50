import { BookOpen, FileText, type LucideIcon, MessageSquareText } from 'lucide-react'
import type { Citation } from '@/api/types'

export const SOURCE_ICONS: Record<Citation['source'], LucideIcon> = {
  handbook: BookOpen,
  attachment: FileText,
  conversation: MessageSquareText,
}
