/** The engine's socket on this machine: who answers behind it, and who may use it. No docker client needed. */
import { stat } from 'node:fs/promises'
import { PlatformError } from '@neuronha/core/errors.ts'
import { createSocketTransport, ENGINE_SOCKET } from '../engine/engine-transport.ts'

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

/** The socket as a file: an engine proxy joins its group. */
export interface EngineSocketFile {
  readonly path: string
  readonly gid: number
  /** Whether the group may read and write it. */
  readonly isOpenToGroup: boolean
}

/** Asks the daemon who it is, in no version of its API: one that is too old shall say so. Never throws. */
export async function observeDaemon(socketPath: string = ENGINE_SOCKET): Promise<EngineDaemon> {
  const transport = createSocketTransport(socketPath)
  try {
    const { status, body } = await transport.ask('GET', '/info', TIMEOUT_MS)
    if (status !== 200) {
      return { kind: 'unreachable', why: 'no-answer', message: `HTTP ${status}: ${body}` }
    }
    const info: unknown = JSON.parse(body)
    return {
      kind: 'running',
      version: textOf(info, 'ServerVersion'),
      dataFolder: textOf(info, 'DockerRootDir'),
      cgroupVersion: textOf(info, 'CgroupVersion'),
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { kind: 'unreachable', why: reasonOf(codeOf(error)), message }
  } finally {
    await transport.close()
  }
}

/** The socket's file, or undefined when there is none. */
export async function observeSocketFile(
  path: string = ENGINE_SOCKET,
): Promise<EngineSocketFile | undefined> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isSocket() !== true) return undefined
  return { path, gid: found.gid, isOpenToGroup: (found.mode & 0o060) === 0o060 }
}

const codeOf = (error: unknown): string => {
  const cause = error instanceof PlatformError ? error.cause : error
  return cause instanceof Error && 'code' in cause ? String(cause.code) : ''
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
