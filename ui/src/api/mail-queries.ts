import { queryOptions } from '@tanstack/react-query'
import { api } from './client'
import { keys } from './queries'
import type { components } from './schema'

type Schemas = components['schemas']

/** The mail server as it is set up, and how sending goes. */
export type MailState = Schemas['MailState']
export type MailSettings = Schemas['MailSettings']
export type MailInput = Schemas['MailInput']
export type MailSecurity = Schemas['MailSecurity']

/** Reads about the mail server of the node. */
export const mailQueries = {
  state: () => queryOptions({ queryKey: keys.mail, queryFn: ({ signal }) => api.get('/api/admin/mail', { signal }) }),
}
