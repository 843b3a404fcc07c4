/**
 * When the certificate ends that a port really shows: what a process has loaded, not what lies on the disk. An ended
 * certificate is what is looked for, so nothing about it is verified; nothing is sent either.
 */
import { connect as connectTcp } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'

/** PostgreSQL and PgBouncer begin in the clear: length 8, code 80877103; `S` is yes. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

export interface CertificatePort {
  /** The container, as alerts name it. */
  readonly part: string
  readonly address: string
  readonly port: number
  readonly startTls: boolean
}

/** Milliseconds since 1970 at which the certificate behind a port ends. */
export function readCertificateEnd(
  { address, port, startTls }: CertificatePort,
  tls: TlsFiles,
  timeoutMs: number,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const socket = connectTcp({ host: address, port })
  const fail = (cause: unknown): void => {
    socket.destroy()
    reject(
      new PlatformError('UPSTREAM_FAILED', `${address}:${port} shows no certificate`, { cause }),
    )
  }
  const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs)
  const handshake = (): void => {
    const secured: TLSSocket = connectTls({ ...tls, socket, rejectUnauthorized: false })
    secured.once('error', fail)
    secured.once('secureConnect', () => {
      const endsAt = Date.parse(secured.getPeerCertificate().valid_to)
      secured.destroy()
      if (Number.isNaN(endsAt)) fail('it has no end')
      else resolve(endsAt)
    })
  }
  socket.once('error', fail)
  socket.once('connect', () => {
    if (!startTls) {
      handshake()
      return
    }
    socket.write(SSL_REQUEST)
    socket.once('data', (answer) => {
      if (answer.toString('latin1') === 'S') handshake()
      else fail('it speaks no TLS')
    })
  })
  return promise.finally(() => {
    clearTimeout(timer)
    socket.destroy()
  })
}
