/** SQL as the superuser, behind a member's own socket: for faults that go past every pooler and router. */
import { PLATFORM_DATABASE, ROLES } from '@neuronha/core/topology/roles.ts'
import { execIn } from './exec-in.ts'

/** Rows of one script, tabs between fields. */
export const psql = (member: string, sql: string): Promise<string> =>
  execIn(
    member,
    [
      'psql',
      '--no-psqlrc',
      '--host=/run/postgresql',
      `--username=${ROLES.superuser.name}`,
      `--dbname=${PLATFORM_DATABASE}`,
      '--set=ON_ERROR_STOP=1',
      '--quiet',
      '--tuples-only',
      '--no-align',
      '--field-separator=\t',
    ],
    sql,
  )
