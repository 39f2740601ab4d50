import { optional } from '@/lib/i18n'
import { sentence } from '@/lib/sentence'

/** The title of a group of permissions; one that is new to this interface shows under its own name. */
export const groupTitle = (group: string): string => optional(`roles.group.${group}`) ?? sentence(group.replaceAll('_', ' ')).slice(0, -1)
