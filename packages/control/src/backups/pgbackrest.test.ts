/** What pgBackRest 2.55 says, in words. The texts are its own, shortened and with another cluster's name. */
import { describe, expect, it } from 'vitest'
import { createPgbackrest, failure, parseInfo } from './pgbackrest.ts'
import { verifiedBy } from './verify-output.ts'

const INFO =
  '[{"archive":[{"database":{"id":1,"repo-key":1},"id":"17-1","max":"000000010000000000000007","min":"000000010000000000000001"}],"backup":[{"archive":{"start":"000000010000000000000007","stop":"000000010000000000000007"},"backrest":{"format":5,"version":"2.55.1"},"database":{"id":1,"repo-key":1},"error":false,"info":{"delta":32210684,"repository":{"delta":3848608,"delta-map":34224,"size-map":34224},"size":32210684},"label":"20261128-185901F","lsn":{"start":"0/7000028","stop":"0/7001108"},"prior":null,"reference":null,"timestamp":{"start":1795892341,"stop":1795892345},"type":"full"}],"cipher":"aes-256-cbc","db":[{"id":1,"repo-key":1,"system-id":7713298157964271646,"version":"17"}],"name":"i4","repo":[{"cipher":"aes-256-cbc","key":1,"status":{"code":0,"message":"ok"}}],"status":{"code":0,"lock":{"backup":{"held":false}},"message":"ok"}}]'

const WRONG_KEY = [
  {
    archive: [],
    backup: [],
    db: [],
    repo: [
      {
        cipher: 'aes-256-cbc',
        key: 1,
        status: {
          code: 99,
          message:
            "[FormatError] unable to load info file '/backup/demo/backup.info' or '/backup/demo/backup.info.copy':\nFormatError: key/value found outside of section at line 1: g\u0000\ufffd<\ufffdxR{",
        },
      },
    ],
    status: { code: 99, message: 'other' },
  },
]

const ended = (stdout: string, stderr = '', code = 1) => ({ stdout, stderr, code })

describe('the state of a repository', () => {
  it('is what its backups and its archive are', () => {
    expect(parseInfo('repo1', INFO)).toEqual({
      name: 'repo1',
      ok: true,
      detail: '',
      wal_from: '000000010000000000000001',
      wal_to: '000000010000000000000007',
      backups: [
        {
          label: '20261128-185901F',
          kind: 'full',
          started_at: '2026-11-28T18:59:01.000Z',
          ended_at: '2026-11-28T18:59:05.000Z',
          start_lsn: '0/7000028',
          stop_lsn: '0/7001108',
          database_bytes: 32_210_684,
          stored_bytes: 3_848_608,
          has_errors: false,
          verification: null,
        },
      ],
    })
  })

  it('says that it was encrypted with another key, in printable words', () => {
    const { ok, detail, backups } = parseInfo('repo1', JSON.stringify(WRONG_KEY))
    expect([ok, backups]).toEqual([false, []])
    expect(detail).toMatch(/^the repository is encrypted with another key \([\x20-\x7e]+\)$/)
  })

  it('says that it does not know this cluster', () => {
    expect(parseInfo('repo1', '[]')).toMatchObject({
      ok: false,
      detail: 'it does not know this cluster',
    })
  })

  it('of one that fails does not hide the others', async () => {
    const exec = (command: readonly string[]) =>
      Promise.resolve(
        command.includes('--repo=2')
          ? ended(
              '',
              "ERROR: [049]: unable to connect to 'store.example.org:443': [111] Connection refused",
            )
          : ended(INFO, '', 0),
      )
    const states = await createPgbackrest('demo', exec).info(['repo1', 'repo2'])
    expect(states.map(({ name, ok }) => [name, ok])).toEqual([
      ['repo1', true],
      ['repo2', false],
    ])
    expect(states[1]?.detail).toMatch(/^no answer \(/)
  })
})

describe('a failure', () => {
  const OPTIONS =
    '2026-11-28 18:58:01.000 P00   INFO: backup command begin 2.55.1: --repo1-cipher-pass=<redacted> --repo1-s3-key=<redacted>'
  const answering = (status: string, path: string, error: string): string =>
    `[ProtocolError] HTTP request failed with ${status}:\n*** Path/Query ***:\nGET ${path}?delimiter=%2F&list-type=2&prefix=backup%2F\n*** Response Content ***:\n<?xml version="1.0" encoding="UTF-8"?>\n<Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Code>${error}</Code></Error>\n`
  it.each([
    [
      'the store does not take the credentials',
      answering('403 (Forbidden)', '/backups/', 'InvalidAccessKeyId'),
    ],
    ['there is no such bucket', answering('404 (Not Found)', '/other/', 'NoSuchBucket')],
    [
      'the clocks of the store and of this machine differ too much',
      answering('403 (Forbidden)', '/backups/', 'RequestTimeTooSkewed'),
    ],
    [
      'the store’s certificate is not trusted',
      "[CryptoError] unable to verify certificate presented by 'demo-store-1:9000 (10.74.0.206)': [20] unable to get local issuer certificate\n    [CryptoError] on 10 retries from 121-20027ms: unable to verify certificate",
    ],
    [
      'no answer',
      "[HostConnectError] unable to get address for 'nobody.invalid': [-2] Name or service not known",
    ],
    [
      'no answer',
      "[HostConnectError] unable to connect to 'demo-store-1:9001 (10.74.0.206)': [111] Connection refused",
    ],
  ])('is named: %s', (words, message) => {
    const status = { code: 99, message: 'other' }
    const state = parseInfo(
      'repo1',
      JSON.stringify([{ status, repo: [{ status: { code: 99, message } }] }]),
    )
    expect([state.ok, state.detail]).toEqual([false, expect.stringMatching(`^${words} \\(`)])
    // A verb that fails says the same as a log entry.
    const entry = `${OPTIONS}\n2026-11-28 18:58:02.000 P00  ERROR: [039]: ${message}\n${OPTIONS}`
    const { code, message: told, hint } = failure(ended(entry))
    expect([code, told]).toEqual(['BACKUP_FAILED', expect.stringMatching(`^${words} \\(`)])
    expect(hint).toBeTruthy()
  })

  it('that nobody has named yet is told in pgBackRest’s own words', () => {
    const { message } = failure(
      ended(`${OPTIONS}\n2026-11-28 18:58:02.000 P00  ERROR: [037]: stop it`),
    )
    expect(message).toBe('stop it')
  })

  it('to get a lock is not the repository’s', () => {
    const said =
      "ERROR: [050]: unable to acquire lock on file '/tmp/pgbackrest/i4-archive-1.lock': Resource temporarily unavailable"
    expect(failure(ended('', said)).code).toBe('CLUSTER_BUSY')
  })
})

describe('a verification', () => {
  const said = (status: string, counts: string): string =>
    `stanza: i4\nstatus: ${status}\n  archiveId: 17-1, total WAL checked: 1, total valid WAL: 1\n    missing: 0, checksum invalid: 0, size invalid: 0, other: 0\n  backup: 20261128-185901F, status: valid, total files checked: 1344, total valid files: 1344\n    ${counts}`
  it('finds nothing, or says how many files are wrong', () => {
    expect(
      verifiedBy(said('ok', 'missing: 0, checksum invalid: 0, size invalid: 0, other: 0')),
    ).toEqual({
      ok: true,
      detail: '',
    })
    expect(
      verifiedBy(said('error', 'missing: 2, checksum invalid: 1, size invalid: 0, other: 0')),
    ).toEqual({ ok: false, detail: 'files: 2 missing, 1 checksum invalid' })
    expect(verifiedBy(said('error', ''))).toMatchObject({ ok: false })
  })
})
