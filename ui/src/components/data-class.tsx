import '@/lib/i18n/en/work'
import type { DataClass } from '@/api/types'
import { t } from '@/lib/i18n'

/** How secret something is, least secret first. A residency rule for one holds for the more secret ones too. */
export const DATA_CLASSES: readonly DataClass[] = ['public', 'internal', 'confidential', 'personal']

export const dataClassName = (dataClass: DataClass) => t(`work.class.${dataClass}`)
