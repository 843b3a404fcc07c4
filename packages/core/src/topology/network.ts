/** Addresses of the cluster's network that belong to no container. */
import type { ClusterSpec } from '../spec/cluster-spec.ts'

/** The bridge's own address: what a container sees when the machine's CLI connects to it. */
export const gatewayAddressOf = (spec: ClusterSpec): string =>
  spec.network.subnet.replace(/\.\d+\/\d+$/, '.1')

/** One address as a range, for access lists. */
export const hostRange = (address: string): string => `${address}/32`
