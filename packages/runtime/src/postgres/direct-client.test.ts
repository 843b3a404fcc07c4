import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createDirectClient, type DirectClientOptions } from './direct-client.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

const aServer = async (onConnection: (socket: Socket) => void): Promise<number> => {
  const server = createServer(onConnection)
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}
const aClient = (
  port: number,
  told: Pick<DirectClientOptions, 'onFirstByte' | 'onLost' | 'isPatient'> = {},
) =>
  createDirectClient({
    ...told,
    endpoint: { name: '127.0.0.1', address: '127.0.0.1', port },
    login: { user: 'u', password: 'p', database: 'd' },
    applicationName: 'test',
  })

test('a server that accepts and says nothing costs the deadline, and its socket is closed', async () => {
  const closed = Promise.withResolvers<undefined>()
  const port = await aServer((socket) => {
    socket.resume()
    socket.on('close', () => closed.resolve(undefined))
  })
  const startedAt = performance.now()
  await expect(aClient(port).query('SELECT 1', 60)).rejects.toMatchObject({
    code: 'UPSTREAM_TIMEOUT',
    message: 'no answer within 60 ms',
  })
  expect(performance.now() - startedAt).toBeLessThan(1000)
  await closed.promise
})

test('after a failure the next question connects afresh', async () => {
  let connections = 0
  const port = await aServer((socket) => {
    connections += 1
    socket.destroy()
  })
  const client = aClient(port)
  await expect(client.query('SELECT 1', 500)).rejects.toThrow()
  await expect(client.query('SELECT 1', 500)).rejects.toThrow()
  expect(connections).toBe(2)
  await client.close()
})

/** PostgreSQL's ErrorResponse to a startup message. */
const turnsAway =
  (code: string) =>
  (socket: Socket): void => {
    const fields = `SFATAL\0C${code}\0Mnot now\0\0`
    const message = Buffer.alloc(5 + fields.length)
    message.write('E')
    message.writeInt32BE(4 + fields.length, 1)
    message.write(fields, 5)
    socket.once('data', () => socket.end(message))
  }

test.each([
  ['a patient one asks a server that starts or shuts down once', '57P03', true, 1],
  ['a patient one asks again where only this connection was ended', '57P01', true, 3],
  ['anybody else asks again at once', '57P03', false, 3],
])('%s', async (_what, code, isPatient, asked) => {
  let connections = 0
  const port = await aServer((socket) => {
    connections += 1
    turnsAway(code)(socket)
  })
  const client = aClient(port, { isPatient })
  for (let question = 0; question < 3; question += 1)
    await expect(client.query('SELECT 1', 1000)).rejects.toMatchObject({ code })
  expect(connections).toBe(asked)
  await client.close()
})

test('questions that meet while it connects share the connection', async () => {
  let connections = 0
  const port = await aServer((socket) => {
    connections += 1
    letsIn((inside) => {
      inside.write(DONE)
      inside.on('data', () => inside.write(DONE))
    })(socket)
  })
  const client = aClient(port)
  await Promise.all([client.query('SELECT 1', 1000), client.query('SELECT 2', 1000)])
  expect(connections).toBe(1)
  await client.close()
})

test('a refused connection is not waited for', async () => {
  const port = await aServer(() => undefined)
  const server = servers.pop()
  server?.close()
  await expect(aClient(port).query('SELECT 1', 5000)).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  })
})

test('closing while it connects ends the connection, not the deadline', async () => {
  const [opened, closed] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()]
  const port = await aServer((socket) => {
    socket.resume()
    socket.on('close', () => closed.resolve(undefined))
    opened.resolve(undefined)
  })
  const client = aClient(port)
  const asked = client.query('SELECT 1', 60_000).catch((thrown: unknown) => thrown)
  await opened.promise
  await client.close()
  await closed.promise
  expect(await asked).toBeInstanceOf(Error)
})

/** AuthenticationOk, then ReadyForQuery. */
const LET_IN = Buffer.from('520000000800000000' + '5a0000000549', 'hex')
/** CommandComplete without rows, then ReadyForQuery. */
const DONE = Buffer.from('430000000500' + '5a0000000549', 'hex')

const letsIn = (then: (socket: Socket) => void) => (socket: Socket) => {
  socket.once('data', () => {
    socket.write(LET_IN)
    socket.once('data', () => then(socket))
  })
}

test('the first byte of an answer is told, however long the login then takes', async () => {
  let bytes = 0
  const port = await aServer((socket) => socket.once('data', () => socket.write('R')))
  const client = aClient(port, { onFirstByte: () => (bytes += 1) })
  await expect(client.query('SELECT 1', 100)).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' })
  expect(bytes).toBe(1)
})

test('a kept connection that the other end closes is told at once, one that we close is not', async () => {
  const sockets: Socket[] = []
  const port = await aServer(
    letsIn((socket) => {
      sockets.push(socket)
      socket.write(DONE)
    }),
  )
  const lost = Promise.withResolvers<undefined>()
  const client = aClient(port, { onLost: () => lost.resolve(undefined) })
  await client.query('SELECT 1', 1000)
  sockets[0]?.end()
  await lost.promise

  let isTold = false
  const other = aClient(port, { onLost: () => (isTold = true) })
  await other.query('SELECT 1', 1000)
  const closed = once(sockets[1] as Socket, 'close')
  await other.close()
  await closed
  expect(isTold).toBe(false)
})
