/** The two services behind this one, both through the edge's internal listener. */
import type { DesktopApiConfig } from '@neuronha/core/config/processes.ts'
import type { Metrics } from '@neuronha/runtime/metrics.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'
import { createUpstreamClient, type UpstreamClient } from '@neuronha/runtime/upstream-client.ts'

export interface Clients {
  readonly agent: UpstreamClient
  readonly controller: UpstreamClient
  close(): Promise<void>
}

export interface ClientsOptions {
  readonly config: Pick<DesktopApiConfig, 'agent' | 'controller'>
  readonly tls?: TlsFiles | undefined
  readonly metrics: Metrics
}

/** Streams of consoles stay open, so the agent's client has room for many; calls of the controller are shared. */
export const createClients = ({ config, tls, metrics }: ClientsOptions): Clients => {
  const agent = createUpstreamClient({
    name: 'agent',
    config: config.agent,
    tls,
    metrics,
    maxConcurrent: 512,
  })
  const controller = createUpstreamClient({
    name: 'controller',
    config: config.controller,
    tls,
    metrics,
    tries: 2,
    maxConcurrent: 4,
  })
  return {
    agent,
    controller,
    close: async () => {
      await Promise.all([agent.close(), controller.close()])
    },
  }
}
