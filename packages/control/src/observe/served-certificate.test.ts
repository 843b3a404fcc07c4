import 'reflect-metadata'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { createServer, TLSSocket } from 'node:tls'
import { afterEach, expect, test } from 'vitest'
import { createAuthority, issueCertificate } from '../state/certificates.ts'
import { readCertificateEnd } from './served-certificate.ts'

const open: Server[] = []
afterEach(() => open.splice(0).forEach((server) => server.close()))

const aPair = async () => {
  const ca = await createAuthority('test')
  const request = { name: 'a', unit: 'a', dnsNames: ['a'], addresses: ['127.0.0.1'] }
  const pair = await issueCertificate(ca, request)
  return { ca: ca.certificate, cert: pair.certificate, key: pair.key }
}

const portOf = (server: Server, startTls: boolean) =>
  new Promise<{ part: string; address: string; port: number; startTls: boolean }>((resolve) => {
    open.push(server)
    server.listen(0, '127.0.0.1', () =>
      resolve({
        part: 'a',
        address: '127.0.0.1',
        port: (server.address() as AddressInfo).port,
        startTls,
      }),
    )
  })

const LEAF_MS = 825 * 86_400_000

test('the end of the certificate that a port shows', async () => {
  const tls = await aPair()
  const port = await portOf(createServer(tls), false)
  const endsAt = await readCertificateEnd(port, tls, 2000)
  expect(Math.abs(endsAt - Date.now() - LEAF_MS)).toBeLessThan(60_000)
})

test('of a port that begins in the clear, as PostgreSQL does', async () => {
  const tls = await aPair()
  const server = createTcpServer((socket) =>
    socket.once('data', () => {
      socket.write('S')
      new TLSSocket(socket, { ...tls, isServer: true }).on('error', () => undefined)
    }),
  )
  const port = await portOf(server, true)
  expect(await readCertificateEnd(port, tls, 2000)).toBeGreaterThan(Date.now())
})

test('a port that says nothing is an error within the time', async () => {
  const tls = await aPair()
  const port = await portOf(createTcpServer(), true)
  await expect(readCertificateEnd(port, tls, 100)).rejects.toThrow(/shows no certificate/)
})
