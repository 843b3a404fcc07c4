/** Looks at every certificate of the cluster a few times a day, and tells Prometheus when it ends. */
import type { ObserveConfig } from '@neuronha/core/config/processes.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { Metrics } from '@neuronha/runtime/metrics.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'
import { readCertificateEnd, type CertificatePort } from '../observe/served-certificate.ts'

const EVERY_MS = 6 * 3_600_000
/** What did not answer is asked again sooner; the first look waits until the cluster stands. */
const AGAIN_MS = 300_000
const FIRST_MS = 60_000
const TIMEOUT_MS = 3000

type Parts = readonly { readonly name: string; readonly address: string }[]

/** One port of each part; a member's two show the same file, but each process loads it by itself. */
export function certificatePorts(observe: ObserveConfig): readonly CertificatePort[] {
  const ports = (parts: Parts, port: number, startTls = false): readonly CertificatePort[] =>
    parts.map(({ name, address }) => ({ part: name, address, port, startTls }))
  return [
    ...ports(observe.etcd, PORTS.etcdClient),
    ...ports(observe.members, PORTS.patroni),
    ...ports(observe.members, PORTS.postgres, true),
    ...ports(observe.routers, PORTS.routerStats),
    ...ports(observe.poolers, PORTS.pooler, true),
    ...ports(observe.edges, PORTS.edgeHttps),
    ...ports(observe.edges, PORTS.edgeInternal),
    ...observe.services.flatMap((service) => ports([service], service.port)),
    ...ports(observe.controllers, PORTS.controller),
    ...ports(observe.engineProxies, PORTS.engineProxy),
    ...ports(observe.prometheus, PORTS.prometheus),
    ...ports(observe.alertmanagers, PORTS.alertmanager),
  ]
}

export interface CertificateWatchOptions {
  readonly tls: TlsFiles
  readonly metrics: Metrics
  readonly isActive: () => boolean
  readonly logger: Pick<Logger, 'debug'>
}

export class CertificateWatch {
  readonly #ports: readonly CertificatePort[]
  readonly #options: CertificateWatchOptions
  /** Port → seconds since 1970. */
  readonly #ends = new Map<CertificatePort, number>()
  readonly #askedAt = new Map<CertificatePort, number>()
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(observe: ObserveConfig, options: CertificateWatchOptions) {
    this.#ports = certificatePorts(observe)
    this.#options = options
    options.metrics.gauge(
      'certificate_expiry_seconds',
      'When the certificate that a port shows ends, seconds since 1970.',
      ['part', 'port'],
      (gauge) => {
        gauge.reset()
        if (!options.isActive()) return
        for (const [{ part, port }, seconds] of this.#ends)
          gauge.set({ part, port: String(port) }, seconds)
      },
    )
  }

  start(): void {
    this.#again(FIRST_MS)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #again(ms: number): void {
    if (this.#closed) return
    this.#timer = setTimeout(() => void this.#look(), ms)
    this.#timer.unref()
  }

  /** One after the other: nothing is in a hurry, and a handshake costs a processor. */
  async #look(): Promise<void> {
    for (const port of this.#ports) {
      if (this.#closed || !this.#options.isActive()) break
      if (performance.now() - (this.#askedAt.get(port) ?? -EVERY_MS) >= EVERY_MS)
        await this.#ask(port)
    }
    this.#again(AGAIN_MS)
  }

  async #ask(port: CertificatePort): Promise<void> {
    const { tls, logger } = this.#options
    try {
      this.#ends.set(port, (await readCertificateEnd(port, tls, TIMEOUT_MS)) / 1000)
      this.#askedAt.set(port, performance.now())
    } catch (thrown) {
      logger.debug({ err: thrown, part: port.part }, 'a certificate could not be read')
    }
  }
}
