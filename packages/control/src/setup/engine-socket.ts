/** A few questions to the container engine, straight through its socket: no client needed. */
import { request } from 'node:http'

export const ENGINE_SOCKET = '/var/run/docker.sock'
const TIMEOUT_MS = 5_000

/** What stands behind the engine's socket. `why` tells apart what needs different remedies. */
export type EngineDaemon =
  | {
      readonly kind: 'running'
      readonly version: string
      readonly dataFolder: string
      readonly cgroupVersion: string
    }
  | {
      readonly kind: 'unreachable'
      readonly why: 'not-running' | 'no-permission' | 'no-answer'
      readonly message: string
    }

/** Asks the daemon who it is. Never throws. */
export async function observeDaemon(socketPath: string = ENGINE_SOCKET): Promise<EngineDaemon> {
  try {
    const info = await getJson(socketPath, '/info')
    return {
      kind: 'running',
      version: textOf(info, 'ServerVersion'),
      dataFolder: textOf(info, 'DockerRootDir'),
      cgroupVersion: textOf(info, 'CgroupVersion'),
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const message = error instanceof Error ? error.message : String(error)
    return { kind: 'unreachable', why: reasonOf(code), message }
  }
}

/** `GET path` of the engine's API, parsed. Rejects when it does not answer 200 in five seconds. */
export async function getJson(socketPath: string, path: string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const call = request({ socketPath, path, timeout: TIMEOUT_MS }, (response) => {
    const parts: Buffer[] = []
    response.on('data', (part: Buffer) => parts.push(part))
    response.on('error', reject)
    response.on('end', () => {
      const body = Buffer.concat(parts).toString('utf8')
      if (response.statusCode === 200) resolve(body)
      else
        call.destroy(
          Object.assign(new TypeError(`HTTP ${response.statusCode ?? 0}: ${body}`), {
            code: 'EHTTP',
          }),
        )
    })
  })
  call.on('timeout', () => call.destroy(new TypeError(`no answer within ${TIMEOUT_MS} ms`)))
  call.on('error', reject)
  call.end()
  return JSON.parse(await promise)
}

function reasonOf(code: string): 'not-running' | 'no-permission' | 'no-answer' {
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return 'not-running'
    case 'EACCES':
    case 'EPERM':
      return 'no-permission'
    default:
      return 'no-answer'
  }
}

function textOf(value: unknown, key: string): string {
  if (typeof value !== 'object' || value === null) return ''
  const found: unknown = (value as Readonly<Record<string, unknown>>)[key]
  return typeof found === 'string' ? found : ''
}
