/**
 * Is a pooler's process alive? A query that waits says nothing: during a failover PgBouncer holds clients
 * on purpose, and a frozen PgBouncer looks the same. The first bytes of the protocol tell them apart: the
 * process itself answers an SSLRequest with one byte, whatever is behind it.
 */
import { connect } from 'node:net'

/** Length 8, code 80877103. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

/** True when the process behind the port answered within the time. Never throws. */
export const answersSslRequest = (
  address: string,
  port: number,
  timeoutMs: number,
): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: address, port })
    const finish = (alive: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(alive)
    }
    // One more turn of the event loop: when this process was late itself, the answer is waiting there.
    const timer = setTimeout(() => setImmediate(() => finish(false)), timeoutMs)
    socket.on('connect', () => socket.write(SSL_REQUEST))
    socket.on('data', () => finish(true))
    socket.on('error', () => finish(false))
    socket.on('end', () => finish(false))
  })
