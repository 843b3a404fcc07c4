/** What an account may do; decides every button, which then says why it is disabled. */
import type { Account } from '@neuronha/core/contracts/desktop.ts'

export type Permission =
  { readonly allowed: true } | { readonly allowed: false; readonly reason: string }

const ALLOWED: Permission = { allowed: true }
const VIEWER: Permission = { allowed: false, reason: 'Your account may only look (role viewer).' }

const changesThings = (account: Account | null): Permission =>
  account === null || account.role === 'viewer' ? VIEWER : ALLOWED

export const can = {
  createAgent: changesThings,
  sendMessage: changesThings,
} as const
