/** The state of the cluster in one word and one sentence. Pure. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { plural } from '../ui/format.ts'
import { memberTone, shortNameOf, type Tone } from './parts.ts'

export interface Headline {
  readonly tone: Tone
  readonly word: string
  readonly sentence: string
}

const TONES = { healthy: 'good', degraded: 'warn', down: 'bad' } as const
const WORDS = { healthy: 'Healthy', degraded: 'Degraded', down: 'Down' } as const

const standbysSentence = (status: ClusterStatus): string => {
  const standbys = status.members.filter((member) => member.role !== 'primary')
  if (standbys.length === 0) return 'there is no standby'
  const streaming = standbys.filter((member) => memberTone(member) === 'good').length
  return streaming === standbys.length
    ? plural(streaming, 'standby streams', 'standbys stream')
    : `${streaming} of ${plural(standbys.length, 'standby streams', 'standbys stream')}`
}

const commitSentence = (status: ClusterStatus): string =>
  status.synchronous
    ? 'every commit waits for a standby'
    : 'commits do not wait for a standby, so a failover may lose the newest'

export const headlineOf = (status: ClusterStatus): Headline => {
  const primary = status.members.find((member) => member.role === 'primary')
  const sentence =
    primary === undefined
      ? 'No member is primary: writes wait, reads may go on.'
      : `${shortNameOf(status.cluster, primary.name)} is primary, ${standbysSentence(status)}, ${commitSentence(status)}.`
  return { tone: TONES[status.health], word: WORDS[status.health], sentence }
}
