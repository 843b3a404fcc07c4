/**
 * A cluster's secrets as they lie beside its backups: sealed with a key made from the key of the backups, so that whoever can
 * read the backups can bring the whole cluster back (its CA, its passwords, what it encrypts with), and nobody else learns
 * anything. JSON; AES-256-GCM; the key by HKDF-SHA256 (the key of the backups is 384 random bits, so nothing slower is
 * needed); the cluster's name is authenticated with it.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import { parseRecord } from '@neuronha/runtime/parse-record.ts'
import { z } from 'zod'

const CIPHER = 'aes-256-gcm'
const PURPOSE = 'neuronha sealed secrets 1'
const NONCE_BYTES = 12
const SALT_BYTES = 32
const KEY_BYTES = 32

const envelope = z.object({
  format: z.literal(1),
  cluster: z.string(),
  sealed_at: z.iso.datetime(),
  salt: z.base64(),
  nonce: z.base64(),
  tag: z.base64(),
  sealed: z.base64(),
})

const keyFrom = (backupKey: string, salt: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', backupKey, salt, PURPOSE, KEY_BYTES))

/** @param now Wall clock. */
export function sealSecrets(cluster: string, secrets: ClusterSecrets, now: Date): string {
  const [salt, nonce] = [randomBytes(SALT_BYTES), randomBytes(NONCE_BYTES)]
  const cipher = createCipheriv(CIPHER, keyFrom(secrets.backup.cipherPass, salt), nonce)
  cipher.setAAD(Buffer.from(cluster))
  const sealed = Buffer.concat([cipher.update(JSON.stringify(secrets), 'utf8'), cipher.final()])
  const text: z.infer<typeof envelope> = {
    format: 1,
    cluster,
    sealed_at: now.toISOString(),
    salt: salt.toString('base64'),
    nonce: nonce.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    sealed: sealed.toString('base64'),
  }
  return `${JSON.stringify(text, null, 2)}\n`
}

/**
 * @throws PlatformError BACKUP_FAILED when the text is none, is another cluster's, was changed, or was sealed with another
 *   key.
 */
export function openSealedSecrets(
  cluster: string,
  text: string,
  backupKey: string,
): ClusterSecrets {
  const found = parseRecord(envelope, text)
  if (found === undefined)
    throw new PlatformError('BACKUP_FAILED', 'what lies where the sealed secrets should is none', {
      hint: WITHOUT,
    })
  if (found.cluster !== cluster)
    throw new PlatformError(
      'BACKUP_FAILED',
      `the sealed secrets are those of ${found.cluster}, not of ${cluster}`,
      { hint: 'Give the cluster file the name that the cluster had.' },
    )
  const of = (field: 'salt' | 'nonce' | 'tag' | 'sealed'): Buffer =>
    Buffer.from(found[field], 'base64')
  try {
    const decipher = createDecipheriv(CIPHER, keyFrom(backupKey, of('salt')), of('nonce'), {
      authTagLength: 16,
    })
    decipher.setAAD(Buffer.from(cluster))
    decipher.setAuthTag(of('tag'))
    const opened = Buffer.concat([decipher.update(of('sealed')), decipher.final()])
    return JSON.parse(opened.toString('utf8')) as ClusterSecrets
  } catch (cause) {
    throw new PlatformError(
      'BACKUP_FAILED',
      'the sealed secrets cannot be opened: they were sealed with another key, or changed since',
      { cause, hint: 'Is it the key that `./neuronha backup key` printed?' },
    )
  }
}

/** What is lost without them. */
export const WITHOUT =
  'With --without-secrets the cluster gets new ones: people and programs need new passwords, certificates and connection strings; API keys and data stay.'
