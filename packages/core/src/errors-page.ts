/** docs/reference/errors.md, made from the table of codes. */
import { ERROR_KINDS, type ErrorKind } from './errors.ts'

const HEAD = `# Error codes

Services answer errors as problem+json (RFC 9457) with one of these codes in \`code\`; the command line exits
with the code beside it. "Try again" means: the same request, unchanged, with the same Idempotency-Key.

This page is generated from the table that the code runs on by \`npm run docs\`.

| code | HTTP status | exit code | try again | meaning |
|---|---|---|---|---|
`

/** The page's Markdown. */
export const errorsReference = (): string =>
  HEAD +
  Object.entries<ErrorKind>(ERROR_KINDS)
    .map(
      ([code, { status, exitCode, retryable, meaning }]) =>
        `| \`${code}\` | ${status} | ${exitCode} | ${retryable ? 'yes' : 'no'} | ${meaning} |\n`,
    )
    .join('')
