/** What pgBackRest 2.55 says, in words. The texts are its own, shortened and with another cluster's name. */
import { describe, expect, it } from 'vitest'
import { createPgbackrest, failure, parseInfo } from './pgbackrest.ts'
import { archiveGaps, missingSegments } from './archive-gaps.ts'
import { parseVerify } from './verify-output.ts'

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

/** As `repo-ls` has it: 7 segments, their history, and what is no segment. */
const listing = (...numbers: readonly number[]): string =>
  JSON.stringify(
    Object.fromEntries(
      [
        ...numbers.map(
          (n) =>
            `0000000100000000/00000001${'0'.repeat(8)}${n.toString(16).toUpperCase().padStart(8, '0')}-${'a'.repeat(40)}.zst`,
        ),
        '0000000100000000',
        '00000002.history',
        `0000000100000000/000000010000000000000009.partial-${'b'.repeat(40)}.zst`,
      ].map((path) => [path, { type: 'file' }]),
    ),
  )

const answering =
  (list: string, info = INFO) =>
  (command: readonly string[]) =>
    Promise.resolve(ended(command.includes('repo-ls') ? list : info, '', 0))

describe('the newest WAL of a repository', () => {
  const newest = (files: object) =>
    createPgbackrest('i4', answering(JSON.stringify(files))).newestWal('repo1')

  it('is as old as the newest file of its archive', async () => {
    const found = await newest({
      '0000000100000000': { type: 'path' },
      'a-1': { type: 'file', time: 1_764_370_000 },
      'a-2': { type: 'file', time: 1_764_370_060 },
      'a-3': { type: 'file', time: 1_764_370_030 },
    })
    expect(found?.toISOString()).toBe(new Date(1_764_370_060_000).toISOString())
  })

  it('is none when nothing was archived', async () => {
    expect(await newest({})).toBeNull()
  })
})

describe('what a repository holds', () => {
  it('is its backups and its archive, without a hole', async () => {
    const contents = await createPgbackrest('i4', answering(listing(1, 2, 3, 4, 5, 6, 7))).info(
      'repo1',
    )
    expect(contents).toEqual({
      wal_from: '000000010000000000000001',
      wal_to: '000000010000000000000007',
      gaps: [],
      backups: [
        {
          label: '20261128-185901F',
          kind: 'full',
          started_at: '2026-11-28T18:59:01.000Z',
          ended_at: '2026-11-28T18:59:05.000Z',
          start_lsn: '0/7000028',
          start_wal: '000000010000000000000007',
          stop_lsn: '0/7001108',
          database_bytes: 32_210_684,
          stored_bytes: 3_848_608,
          has_errors: false,
          verification: null,
        },
      ],
    })
  })

  it('tells a hole in the archive', async () => {
    const contents = await createPgbackrest('i4', answering(listing(1, 2, 5, 6, 7))).info('repo1')
    expect(contents.gaps).toEqual([
      { after: '000000010000000000000002', before: '000000010000000000000005' },
    ])
  })

  it('is unknown when it was encrypted with another key, in printable words', () => {
    expect(() => parseInfo(JSON.stringify(WRONG_KEY))).toThrow(
      /^the repository is encrypted with another key \([\x20-\x7e]+\)$/,
    )
  })

  it('is unknown in the same words when what was read makes its answer no JSON', () => {
    const broken = JSON.stringify(WRONG_KEY).replace('at line 1: g', 'at line 1: g\u0001\u0000"\\x')
    expect(() => parseInfo(broken)).toThrow(/^the repository is encrypted with another key$/)
  })

  it('is unknown when it does not know this cluster, or says what cannot be read', () => {
    expect(() => parseInfo('[]')).toThrow('it does not know this cluster')
    expect(() => parseInfo('{')).toThrow('pgBackRest’s answer cannot be read')
  })
})

describe('holes in an archive', () => {
  const file = (name: string): string => `${name.slice(0, 16)}/${name}-${'a'.repeat(40)}.zst`
  it.each<[string, readonly string[], number]>([
    [
      'none where a timeline begins in the segment that the last one ended in',
      ['000000010000000000000003', '000000020000000000000003'],
      0,
    ],
    [
      'none where it begins in the one after',
      ['000000010000000000000003', '000000020000000000000004'],
      0,
    ],
    [
      'none where the last one went further',
      ['000000010000000000000007', '000000020000000000000005'],
      0,
    ],
    [
      'none where it comes from one before the last: a restore in place was undone',
      [
        '000000010000000000000003',
        '000000010000000000000004',
        '000000020000000000000002',
        '000000030000000000000005',
      ],
      0,
    ],
    [
      'one where segments of the last one are missing',
      ['000000010000000000000003', '000000020000000000000006'],
      1,
    ],
    ['none between two logs', ['0000000100000000000000FF', '000000010000000100000000'], 0],
    ['none in an empty archive', [], 0],
  ])('%s', (_what, names, count) => {
    expect(archiveGaps(names.map(file).reverse())).toHaveLength(count)
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
    const info = JSON.stringify([{ status, repo: [{ status: { code: 99, message } }] }])
    expect(() => parseInfo(info)).toThrow(new RegExp(`^${words} \\(`))
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
  const said = (wal: string, backup: string, status = 'valid', overall = 'ok'): string =>
    `stanza: i4\nstatus: ${overall}\n  archiveId: 17-1, total WAL checked: 7, total valid WAL: 7\n    ${wal}\n  backup: 20261128-185901F, status: ${status}, total files checked: 1344, total valid files: 1344\n    ${backup}\n  backup: 20261128-185901F_20261128-185928I, status: valid, total files checked: 1344, total valid files: 1344\n    ${FINE}`
  const FINE = 'missing: 0, checksum invalid: 0, size invalid: 0, other: 0'
  const [FULL, NEXT] = ['20261128-185901F', '20261128-185901F_20261128-185928I']
  const OK = { ok: true, detail: '' }

  it('tells of each backup whether it is whole', () => {
    expect(parseVerify(said(FINE, FINE))).toEqual({
      backups: { [FULL]: OK, [NEXT]: OK },
      wal: '',
      isIncomplete: false,
    })
    const damaged = 'missing: 2, checksum invalid: 1, size invalid: 0, other: 0'
    expect(parseVerify(said(damaged, damaged, 'invalid', 'error'))).toEqual({
      backups: {
        [FULL]: { ok: false, detail: 'files: 2 missing, 1 checksum invalid' },
        [NEXT]: OK,
      },
      wal: 'WAL: 2 missing, 1 checksum invalid',
      isIncomplete: false,
    })
  })

  it('takes nothing for damaged that could only not be read', () => {
    const unread = 'missing: 0, checksum invalid: 0, size invalid: 0, other: 3'
    expect(parseVerify(said(FINE, unread, 'invalid', 'error'))).toEqual({
      backups: { [NEXT]: OK },
      wal: '',
      isIncomplete: true,
    })
    expect(parseVerify('stanza: i4\nstatus: error\n  No usable backup.info file')).toMatchObject({
      backups: {},
      isIncomplete: true,
    })
    expect(parseVerify('')).toMatchObject({ isIncomplete: true })
  })
})

describe('what a gap lacks', () => {
  it('is every number between its ends, on any timeline that it spans', () => {
    const gap = (after: string, before: string) => missingSegments({ after, before })
    expect(gap('0000000100000000000000FE', '000000010000000100000001')).toEqual([
      '0000000100000000000000FF',
      '000000010000000100000000',
    ])
    expect(gap('000000010000000000000003', '000000030000000000000005')).toEqual([
      '000000010000000000000004',
      '000000020000000000000004',
      '000000030000000000000004',
    ])
  })

  it('is asked for in portions, and not at all when its names cannot be read', () => {
    const long = { after: '000000010000000000000000', before: '000000010000FFFF00000000' }
    expect(missingSegments(long)).toHaveLength(256)
    expect(missingSegments({ after: 'rubbish', before: '000000010000000000000005' })).toEqual([])
  })
})
