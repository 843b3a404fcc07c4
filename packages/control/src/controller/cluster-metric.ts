/** One series of the cluster: its name, its labels, and where its samples come from. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number | null
}

export interface ClusterMetric {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly samples: (status: ClusterStatus) => readonly Sample[]
}

export const flag = (value: boolean): number => (value ? 1 : 0)
export const whole = (value: number | null): readonly Sample[] => [{ labels: {}, value }]
