/** Which host ports are taken, and by whom: asked before anything is published on them. */
import { createServer } from 'node:net'

import { run } from '@neuronha/runtime/exec.ts'

export interface PortInUse {
  readonly port: number
  /** `nginx (pid 812)`, or what little is known. */
  readonly holder: string
}

/**
 * The ports of these that cannot be bound on the address, each with who holds it. Our own published
 * ports are among them while a cluster runs; the caller leaves those out.
 */
export async function checkPorts(
  ports: readonly number[],
  address = '127.0.0.1',
): Promise<readonly PortInUse[]> {
  const taken = await Promise.all(
    ports.map(async (port) => ({ port, code: await tryToBind(port, address) })),
  )
  const inUse = taken.filter(({ code }) => code !== undefined)
  if (inUse.length === 0) return []

  const listing = await run('ss', ['-H', '-l', '-t', '-n', '-p']).catch(() => undefined)
  const holders = parseListeners(listing?.stdout ?? '')
  return inUse.map(({ port, code }) => ({ port, holder: holders.get(port) ?? describeCode(code) }))
}

/** Who listens on which port, out of the output of `ss -H -ltnp`. */
export function parseListeners(text: string): ReadonlyMap<number, string> {
  const holders = new Map<number, string>()
  for (const line of text.split('\n')) {
    const [, , , local] = line.trim().split(/\s+/)
    const port = Number(/:(\d+)$/.exec(local ?? '')?.[1])
    const [, name, pid] = /users:\(\("([^"]*)",pid=(\d+)/.exec(line) ?? []
    if (Number.isInteger(port) && name !== undefined && pid !== undefined)
      holders.set(port, `${name} (pid ${pid})`)
  }
  return holders
}

async function tryToBind(port: number, address: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const server = createServer()
  server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  server.listen({ port, host: address, exclusive: true }, () =>
    server.close(() => resolve(undefined)),
  )
  return await promise
}

function describeCode(code: string | undefined): string {
  switch (code) {
    case 'EACCES':
      return 'no permission to bind it'
    case 'EADDRNOTAVAIL':
      return 'this machine does not have the address'
    default:
      return 'another program'
  }
}
