/**
 * Tells the routers who is the primary, so that they need not wait for their next check. Only for a member that holds the
 * leadership *and* has just been seen to write: the same two conditions as the routers' own check, which goes on and
 * takes a member that does not meet them out again. And who no longer is, once its end is certain: sessions to a host that
 * is gone would hang until the checks have failed often enough, and each keeps a place in a pooler's pool.
 */
import { connect } from 'node:tls'
import { cutOffLine, guideLine } from '@neuronha/core/contracts/router-guide.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'

export interface RouterGuideOptions {
  readonly routers: readonly { readonly name: string; readonly address: string }[]
  readonly members: readonly { readonly name: string }[]
  readonly tls: TlsFiles
}

export interface RouterGuide {
  /** Sends writes to this member on every router; answers with the routers that could not be told, and why. */
  lead(primary: string): Promise<readonly string[]>
  /** Sends no more writes to this member, and cuts the sessions to it. Answers as `lead` does. */
  cutOff(member: string): Promise<readonly string[]>
}

const DEADLINE_MS = 800

export function createRouterGuide({ routers, members, tls }: RouterGuideOptions): RouterGuide {
  const names = members.map(({ name }) => name)
  const tellAll = async (line: string): Promise<readonly string[]> => {
    const told = await Promise.all(
      routers.map(({ name, address }) =>
        tell(address, line, tls).then(
          () => [],
          (thrown: unknown) => [`${name} (${toPlatformError(thrown).message})`],
        ),
      ),
    )
    return told.flat()
  }
  return {
    lead: (primary) => tellAll(guideLine(names, primary)),
    cutOff: (member) => tellAll(cutOffLine(member)),
  }
}

/** HAProxy answers with nothing but line ends when it has done what the line says, and closes. */
function tell(address: string, line: string, tls: TlsFiles): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  const socket = connect({ host: address, port: PORTS.routerGuide, ...tls })
  const fail = (why: string): void =>
    reject(new PlatformError('UPSTREAM_FAILED', `the router could not be told: ${why}`))
  let answer = ''
  let isAsked = false
  const deadline = setTimeout(() => {
    fail(`no answer within ${DEADLINE_MS} ms`)
    socket.destroy()
  }, DEADLINE_MS)
  socket.setEncoding('utf8')
  socket.on('secureConnect', () => {
    isAsked = true
    socket.write(line)
  })
  socket.on('data', (piece: string) => {
    answer += piece
  })
  socket.on('error', ({ message }: Error) => fail(message))
  socket.on('close', () => {
    clearTimeout(deadline)
    const words = answer.trim()
    if (!isAsked) fail('the connection was refused')
    else if (answer === '') fail('it does not take the line from here')
    else if (words === '') resolve(undefined)
    else fail(words)
  })
  return promise
}
