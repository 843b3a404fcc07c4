/**
 * Reads a process's configuration: one JSON file, written by the renderer through the same schema. The
 * only place of the repository that looks at the environment.
 */
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { DEFAULT_CONFIG_PATH } from '@neuronha/core/config/common.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { z } from 'zod'

const HINT = 'Every file under /etc/neuronha is rendered by `neuronha up`; run it again.'

/** The path of this process's configuration: NEURONHA_CONFIG, or the rendered file's usual place. */
const configPath = (): string => process.env['NEURONHA_CONFIG'] ?? DEFAULT_CONFIG_PATH

const problemLine = (issue: z.core.$ZodIssue): string =>
  `${issue.path.length === 0 ? '(root)' : issue.path.join('.')}: ${issue.message}`

/** Unknown text as a configuration, or one CONFIG_INVALID that lists every problem. Pure. */
export const parseConfig = <T extends z.ZodType>(
  schema: T,
  text: string,
  path: string,
): z.infer<T> => {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw new PlatformError('CONFIG_INVALID', `${path} is not JSON`, { cause, hint: HINT })
  }
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(problemLine)
  throw new PlatformError('CONFIG_INVALID', `${path} is not valid: ${problems.join('; ')}`, {
    hint: HINT,
    details: { problems },
  })
}

/** The configuration of this process. Throws CONFIG_INVALID with every problem at once. */
export const loadConfig = <T extends z.ZodType>(schema: T, path = configPath()): z.infer<T> => {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new PlatformError('CONFIG_INVALID', `${path} cannot be read`, { cause, hint: HINT })
  }
  return parseConfig(schema, text, path)
}

/** False when the person asked for plain text (https://no-color.org). */
export const isColorWanted = (): boolean => (process.env['NO_COLOR'] ?? '') === ''

/** Who is at the keyboard: behind sudo the person, not root. */
export const invokingUser = (): string => process.env['SUDO_USER'] ?? userInfo().username

/** The image that this process runs in, where its container says so; else empty. */
export const imageVersion = (): string => process.env['NEURONHA_VERSION'] ?? ''

const LENT_OPERATION = 'NEURONHA_LENT_OPERATION'

/** What a command that another one runs is told of it, in its environment. */
export const lending = (operation: string | undefined): Readonly<Record<string, string>> =>
  operation === undefined ? {} : { [LENT_OPERATION]: operation }

/** The operation that this command was lent; undefined: nobody runs it but a person. */
export const lentOperation = (): string | undefined => process.env[LENT_OPERATION]
