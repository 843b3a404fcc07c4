/** The cluster's own certificate authority: ECDSA P-256, made at the first `up`. */
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  AuthorityKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  cryptoProvider,
} from '@peculiar/x509'
import type { TlsPair } from '@neuronha/core/secrets.ts'
import type { CertificateRequest } from '@neuronha/core/topology/certificates.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 3650
/** Browsers refuse leaf certificates that live longer. */
const LEAF_DAYS = 825
const RENEW_BEFORE_DAYS = 30
/** Clocks of machines differ a little. */
const BACKDATE_MS = 3_600_000

cryptoProvider.set(webcrypto as unknown as Parameters<typeof cryptoProvider.set>[0])

const newSerial = (): string =>
  Buffer.from(webcrypto.getRandomValues(new Uint8Array(16))).toString('hex')
const period = (days: number) => ({
  notBefore: new Date(Date.now() - BACKDATE_MS),
  notAfter: new Date(Date.now() + days * DAY_MS),
})
const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])

async function pairOf(
  certificate: X509Certificate,
  privateKey: webcrypto.CryptoKey,
): Promise<TlsPair> {
  const key = await webcrypto.subtle.exportKey('pkcs8', privateKey)
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: `${PemConverter.encode(key, 'PRIVATE KEY')}\n`,
  }
}

/** A new certificate authority for a cluster. */
export async function createAuthority(cluster: string): Promise<TlsPair> {
  const keys = await newKeys()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: `CN=NeuronHA ${cluster} CA`,
    ...period(AUTHORITY_DAYS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return pairOf(certificate, keys.privateKey)
}

/** A certificate for servers and clients alike: every component is both. */
export async function issueCertificate(ca: TlsPair, request: CertificateRequest): Promise<TlsPair> {
  const authority = new X509Certificate(ca.certificate)
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    PemConverter.decode(ca.key)[0] ?? new ArrayBuffer(0),
    ALGORITHM,
    false,
    ['sign'],
  )
  const keys = await newKeys()
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: subjectOf(request),
    issuer: authority.subject,
    ...period(LEAF_DAYS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      new SubjectAlternativeNameExtension(alternativeNames(request)),
      await AuthorityKeyIdentifierExtension.create(authority),
    ],
  })
  return pairOf(certificate, keys.privateKey)
}

const subjectOf = ({ unit, commonName }: CertificateRequest): string =>
  commonName === undefined ? `OU=${unit}` : `CN=${commonName}, OU=${unit}`

const alternativeNames = ({ dnsNames, addresses }: CertificateRequest) => [
  ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
  ...addresses.map((value) => ({ type: 'ip' as const, value })),
]

/** Does this certificate carry exactly the wanted names, and live for a while yet? */
export function isStillGood(pair: TlsPair, request: CertificateRequest): boolean {
  const certificate = new X509Certificate(pair.certificate)
  if (certificate.notAfter.getTime() - Date.now() < RENEW_BEFORE_DAYS * DAY_MS) return false
  if (certificate.subject !== subjectOf(request)) return false
  const names = certificate.getExtension(SubjectAlternativeNameExtension)?.names.items ?? []
  const present = names.map(({ type, value }) => `${type}:${value}`).sort()
  const wanted = alternativeNames(request)
    .map(({ type, value }) => `${type}:${value}`)
    .sort()
  return present.join() === wanted.join()
}
