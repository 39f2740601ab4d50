import { addMessages } from '../catalogue'

export const providers = addMessages({})
