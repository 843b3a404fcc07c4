import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { answersSslRequest } from './liveness.ts'

const opened: { readonly server: Server; readonly sockets: Socket[] }[] = []
afterEach(() => {
  for (const { server, sockets } of opened.splice(0)) {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
})

const aServer = (onSocket: (socket: Socket) => void): Promise<number> =>
  new Promise((resolve) => {
    const sockets: Socket[] = []
    const server = createServer((socket) => {
      sockets.push(socket)
      onSocket(socket)
    })
    opened.push({ server, sockets })
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })

describe('answersSslRequest', () => {
  it('hears a process that answers the first bytes of the protocol', async () => {
    const port = await aServer((socket) => {
      socket.on('data', (bytes) => {
        if (bytes.toString('hex') === '0000000804d2162f') socket.write('S')
      })
    })
    expect(await answersSslRequest('127.0.0.1', port, 1000)).toBe(true)
  })

  it('takes a process for silent that accepts and says nothing', async () => {
    const port = await aServer(() => undefined)
    expect(await answersSslRequest('127.0.0.1', port, 50)).toBe(false)
  })

  it('takes a closed port for silent', async () => {
    expect(await answersSslRequest('127.0.0.1', 1, 1000)).toBe(false)
  })
})
