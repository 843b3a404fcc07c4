import { expect, test } from 'vitest'
import { formatClusterFileIssue, parseClusterFile } from './parse-cluster-file.ts'

const problemsOf = (text: string): readonly string[] => {
  const parsed = parseClusterFile(text)
  return parsed.kind === 'ok' ? [] : parsed.issues.map(formatClusterFileIssue)
}

test('nobody is told by default, and a webhook needs no more than its address', () => {
  const parsed = parseClusterFile('notifications: { webhooks: [{ url: "https://example.org/x" }] }')
  expect(parsed).toMatchObject({
    kind: 'ok',
    spec: { notifications: { webhooks: [{ severity: 'ticket' }], mail: null, repeatEvery: '4h' } },
  })
  expect(problemsOf('')).toEqual([])
})

test('all problems are said at once, with how to mend them', () => {
  const problems = problemsOf(`
notifications:
  webhooks:
    - { severity: page }
    - { url: "https://example.org/x", urlFile: ./x }
    - { url: "https://me:secret@example.org/x" }
  mail: { smarthost: "smtp.example.org:587", from: a@example.org, to: [b@example.org], usernameFile: ./user }
  repeatEvery: 10s
`)
  expect(problems).toEqual([
    expect.stringMatching(
      /line 4: notifications.webhooks.0: has no address — give it url, or urlFile/,
    ),
    expect.stringMatching(/line 5: notifications.webhooks.1: has two addresses — keep/),
    expect.stringMatching(/line 6: notifications.webhooks.2.url: holds a password — put/),
    expect.stringMatching(/line 7: notifications.mail.passwordFile: is missing — a login/),
    expect.stringMatching(/line 8: notifications.repeatEvery: is too often \(got 10s\) — use/),
  ])
})

test('a mail server is host and port', () => {
  expect(
    problemsOf(
      'notifications: { mail: { smarthost: smtp.example.org, from: a@example.org, to: [b@example.org] } }',
    ),
  ).toEqual([
    'line 1: notifications.mail.smarthost: is not a mail server (got "smtp.example.org") — write host:port, for example smtp.example.org:587',
  ])
})
