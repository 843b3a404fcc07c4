/** What runs out: disks and certificates. */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { alertTimesOf, byPart, type AlertGroup } from './alert.ts'

export const DISK_WARNING = 0.7
export const DISK_CRITICAL = 0.85
const DAY_SECONDS = 86_400
/** `up` issues a certificate again in its last 30 days. */
const EXPIRY_TICKET_DAYS = 25
const EXPIRY_PAGE_DAYS = 5

const expiresWithin = (days: number): string =>
  `min by (part) (neuronha_certificate_expiry_seconds) - time() < ${days * DAY_SECONDS}`

const DISK = {
  byItself:
    'Nothing is deleted. WAL that no standby needs any more is recycled; replication slots keep a bounded amount.',
  youMay:
    'See what grows: WAL (a standby that is away, archiving that fails), tables, logs of the machine. Make the disk larger. Never delete files in pg_wal.',
  runbook: 'disk-filling',
} as const

export const capacityAlerts = (spec: ClusterSpec): AlertGroup => {
  const { lasting } = alertTimesOf(spec)
  const used = byPart('neuronha_member_disk_used_ratio', 'member')
  return {
    name: 'capacity',
    rules: [
      {
        alert: 'MemberDiskFull',
        expr: `${used} > ${DISK_CRITICAL}`,
        forSeconds: lasting(120),
        severity: 'page',
        summary: 'The disk of {{ $labels.part }} is {{ $value | humanizePercentage }} full',
        meaning:
          'When it is full the member stops. The primary’s goes first, and the standbys’ are as full as its own.',
        ...DISK,
      },
      {
        alert: 'MemberDiskFilling',
        expr: `${used} > ${DISK_WARNING}`,
        forSeconds: lasting(600),
        severity: 'ticket',
        summary: 'The disk of {{ $labels.part }} is {{ $value | humanizePercentage }} full',
        meaning: 'There is time to make room in the day.',
        ...DISK,
        causesOfSame: { part: ['MemberDiskFull'] },
      },
      {
        alert: 'CertificateExpires',
        expr: expiresWithin(EXPIRY_PAGE_DAYS),
        forSeconds: lasting(600),
        severity: 'page',
        summary:
          'The certificate that {{ $labels.part }} shows ends in {{ $value | humanizeDuration }}',
        meaning: 'After that nothing connects to it any more.',
        byItself: 'Nothing: the CA’s key is not in the cluster.',
        youMay:
          'Run `./neuronha up`, which issues it again. A certificate of your own: replace its files first.',
        runbook: 'certificate-expires',
      },
      {
        alert: 'CertificateExpiresSoon',
        expr: expiresWithin(EXPIRY_TICKET_DAYS),
        forSeconds: lasting(600),
        severity: 'ticket',
        summary:
          'The certificate that {{ $labels.part }} shows ends in {{ $value | humanizeDuration }}',
        meaning: 'After that nothing connects to it any more.',
        byItself: 'Nothing: the CA’s key is not in the cluster.',
        youMay:
          'Run `./neuronha up`, which issues it again. A certificate of your own: replace its files first.',
        runbook: 'certificate-expires',
        causesOfSame: { part: ['CertificateExpires'] },
      },
    ],
  }
}
