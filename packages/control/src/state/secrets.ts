/** Generates what is missing of a cluster's secrets, and keeps what is there. */
import { createHmac, createHash, pbkdf2Sync, randomBytes } from 'node:crypto'
import type { ClusterSecrets, RoleSecret } from '@neuronha/core/secrets.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import {
  certificateRequests,
  type CertificateRequest,
} from '@neuronha/core/topology/certificates.ts'
import { ROLE_KEYS } from '@neuronha/core/topology/roles.ts'
import { userRoleNames } from '@neuronha/core/topology/user-roles.ts'
import { createAuthority, issueCertificate, isStillGood } from './certificates.ts'

const newPassword = (): string => randomBytes(32).toString('base64url')
const newApiKey = (): string => `nha_${randomBytes(36).toString('base64url')}`

const SCRAM_ITERATIONS = 4096

/** A SCRAM-SHA-256 verifier as PostgreSQL stores it (RFC 5803). */
export function scramVerifier(password: string, salt: Buffer): string {
  const salted = pbkdf2Sync(password, salt, SCRAM_ITERATIONS, 32, 'sha256')
  const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest('base64')
  const serverKey = hmac(salted, 'Server Key').toString('base64')
  return `SCRAM-SHA-256$${SCRAM_ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}

const newRole = (): RoleSecret => {
  const password = newPassword()
  return { password, verifier: scramVerifier(password, randomBytes(16)) }
}

/**
 * The cluster's secrets, complete for this spec: what `existing` lacks is generated, certificates that
 * no longer fit (other names, near their end) are issued again; nothing else changes.
 */
export async function completeSecrets(
  spec: ClusterSpec,
  existing: Partial<ClusterSecrets> | undefined,
  userEdgeCertificate: ClusterSecrets['edgeCertificate'] | undefined,
): Promise<ClusterSecrets> {
  const ca = existing?.ca ?? (await createAuthority(spec.name))
  const certificates: Record<string, ClusterSecrets['ca']> = {}
  for (const request of certificateRequests(spec)) {
    const present = existing?.certificates?.[request.name]
    certificates[request.name] =
      present && isStillGood(present, request) ? present : await issueCertificate(ca, request)
  }
  return {
    ...generateAll(),
    ...existing,
    ca,
    certificates,
    edgeCertificate: userEdgeCertificate ?? (await publicCertificate(spec, ca, existing)),
    roles: completeRoles(ROLE_KEYS, existing?.roles),
    userRoles: completeRoles(userRoleNames(spec), existing?.userRoles),
  }
}

/** Everything of a new cluster that depends on nothing. */
const generateAll = () => ({
  patroniRest: { username: 'patroni', password: newPassword() },
  etcd: { root: newPassword(), patroni: newPassword(), controller: newPassword() },
  signingKey: newPassword(),
  apiKeys: { admin: newApiKey(), service: newApiKey(), drill: newApiKey() },
  consoleAdmin: { email: 'admin@localhost', password: randomBytes(15).toString('base64url') },
  backup: {
    cipherPass: randomBytes(48).toString('base64url'),
    trialStore: { accessKey: randomBytes(10).toString('hex'), secretKey: newPassword() },
  },
})

const completeRoles = (
  names: readonly string[],
  existing: Readonly<Record<string, RoleSecret>> | undefined,
): Readonly<Record<string, RoleSecret>> =>
  Object.fromEntries(names.map((name) => [name, existing?.[name] ?? newRole()]))

async function publicCertificate(
  spec: ClusterSpec,
  ca: ClusterSecrets['ca'],
  existing: Partial<ClusterSecrets> | undefined,
): Promise<ClusterSecrets['edgeCertificate']> {
  const request: CertificateRequest = {
    name: 'edge-public',
    unit: spec.edge.hostnames[0] ?? 'localhost',
    dnsNames: spec.edge.hostnames,
    addresses: [spec.edge.bindAddress],
  }
  const present = existing?.edgeCertificate
  return present && isStillGood(present, request) ? present : issueCertificate(ca, request)
}
