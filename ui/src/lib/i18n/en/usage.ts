import { addMessages } from '../catalogue'

export const usage = addMessages({})
