/** NeuronDesktop API: sign-in, the cluster's topology, and the proxy to the agent (`/api/v1/agent/*`). */
import { z } from 'zod'

export const roles = z.enum(['viewer', 'operator', 'admin'])

export const signInInput = z
  .strictObject({ email: z.string().trim().min(1).max(320), password: z.string().min(1).max(1000) })
  .meta({ id: 'SignInInput' })

export const account = z
  .object({ id: z.uuid(), email: z.string(), role: roles })
  .meta({ id: 'Account' })
export type Account = z.infer<typeof account>

/** The session itself is an HttpOnly cookie; its CSRF token goes into the `x-csrf-token` header of unsafe requests. */
export const signedIn = z
  .object({ account, csrf_token: z.string(), expires_at: z.iso.datetime({ offset: true }) })
  .meta({ id: 'SignedIn' })
export type SignedIn = z.infer<typeof signedIn>

export const CSRF_HEADER = 'x-csrf-token'
