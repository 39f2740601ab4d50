import { buildUrl, changeHeaders, clientFor, send } from '@/api/client'
import type { components, paths } from './schema'

/** The licence server's client, typed by its OpenAPI document. */
export const api = clientFor<paths>()

type Schemas = components['schemas']
export type Session = Schemas['SessionView']
export type Licence = Schemas['Licence']
export type LicenceDetail = Schemas['LicenceDetail']
export type InstallList = Schemas['InstallList']
export type Install = Schemas['Install']
export type TimelineEvent = Schemas['Event']
export type Customer = Schemas['Customer']
export type CustomerInput = Schemas['CustomerInput']
export type Contract = Schemas['Contract']
export type Plan = Schemas['Plan']
export type Product = Schemas['Product']
export type NewPlan = Schemas['NewPlan']
export type Effect = Schemas['Effect']
export type Revocation = Schemas['Revocation']
export type UsageReport = Schemas['UsageReportView']
export type ReportReceipt = Schemas['ReportReceipt']
export type SigningRequest = Schemas['SigningRequest']
export type StaffMember = Schemas['StaffMember']
export type StaffRole = Schemas['Role']
export type ApiKey = Schemas['ApiKey']
export type Webhook = Schemas['Webhook']
export type Delivery = Schemas['Delivery']
export type AuditEntry = Schemas['AuditEntry']
export type LogEntry = Schemas['LogEntry']
export type PortalAccess = Schemas['PortalAccess']

/** Sends a signed file as it is, and gives the answer's text. */
async function sendFile(path: string, text: string): Promise<string> {
  const headers = { ...changeHeaders(false), 'content-type': 'application/octet-stream', accept: 'application/json' }
  const response = await send(path, { method: 'POST', headers, body: text })
  return response.text()
}

/** Hands an activation request in and gives the lease file. */
export const answerActivation = (portal: boolean, text: string) =>
  sendFile(portal ? '/api/portal/activation-requests' : '/api/activation-requests', text)

/** Hands usage reports in, of which a node writes several into one file, and gives the last receipt. */
export async function handInReport(portal: boolean, text: string) {
  let receipt = ''
  for (const report of text.split(/(?=-----BEGIN GUILDHALL )/).filter((part) => part.trim())) {
    receipt = await sendFile(portal ? '/api/portal/reports' : '/api/reports', report)
  }
  return receipt
}

/** Reads a file of the server and saves it under a name. */
export async function download(template: string, path: Record<string, string>, name: string) {
  const response = await send(buildUrl(template, path), { method: 'GET' })
  save(await response.text(), name)
}

/** Lets the browser save a text. */
export function save(text: string, name: string) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }))
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}
