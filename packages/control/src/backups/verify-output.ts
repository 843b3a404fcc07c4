/** What `pgbackrest verify --output=text --verbose` says. Pure. */
import type { Verification } from '@neuronha/core/contracts/backups.ts'
import { PlatformError } from '@neuronha/core/errors.ts'

/** Counts of what is wrong, as it prints them: `missing: 0, checksum invalid: 2, …`. */
const COUNT = /(missing|checksum invalid|size invalid|other): ([1-9]\d*)/g

export function verifiedBy(said: string | PlatformError): Pick<Verification, 'ok' | 'detail'> {
  if (said instanceof PlatformError) return { ok: false, detail: said.message }
  const counts = [...said.matchAll(COUNT)].map(([, what, count]) => `${count} ${what}`)
  const isOk = /^status: ok$/m.test(said)
  if (isOk && counts.length === 0) return { ok: true, detail: '' }
  const what = [...new Set(counts)].join(', ')
  return { ok: false, detail: what === '' ? 'pgBackRest found an error in it' : `files: ${what}` }
}
