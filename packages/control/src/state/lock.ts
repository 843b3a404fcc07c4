/**
 * One command changes a cluster at a time. The lock is an abstract UNIX socket that the holder listens
 * on: the kernel frees it the moment the process ends, however it ends, so it can never be stale, and
 * whoever finds it taken asks the holder who it is.
 */
import { createConnection, createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { PlatformError } from '@neuronha/core/errors.ts'

export interface LockHolder {
  readonly pid: number
  readonly command: string
  readonly since: string
}

const socketName = (cluster: string): string => `\0neuronha-lock-${cluster}`
const ASK_TIMEOUT_MS = 1000

/**
 * Takes the cluster's lock until the returned function is called or the process ends.
 *
 * @throws PlatformError CLUSTER_BUSY naming the holder.
 */
export async function lockCluster(cluster: string, command: string): Promise<() => Promise<void>> {
  const holder: LockHolder = { pid: process.pid, command, since: new Date().toISOString() }
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.end(JSON.stringify(holder))
  })
  server.listen(socketName(cluster))
  try {
    await once(server, 'listening')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw busy(cluster, await askHolder(cluster))
  }
  server.unref()
  return () => close(server)
}

const busy = (cluster: string, holder: LockHolder | undefined): PlatformError => {
  const who = holder
    ? `\`${holder.command}\` (process ${holder.pid}, since ${holder.since})`
    : 'another command'
  return new PlatformError('CLUSTER_BUSY', `cluster ${cluster} is being changed by ${who}`, {
    hint: 'Wait for it to end, or end it; an interrupted command can be run again.',
    details: { holder },
  })
}

async function askHolder(cluster: string): Promise<LockHolder | undefined> {
  const socket = createConnection(socketName(cluster))
  socket.setTimeout(ASK_TIMEOUT_MS, () => socket.destroy())
  let text = ''
  socket.setEncoding('utf8').on('data', (part: string) => (text += part))
  try {
    await once(socket, 'close')
    return JSON.parse(text) as LockHolder
  } catch {
    return undefined
  }
}

const close = async (server: Server): Promise<void> => {
  server.close()
  await once(server, 'close')
}
