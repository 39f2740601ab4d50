import { addMessages } from '../catalogue'

export const quotas = addMessages({})
