/** The commands below `backup`. */
import type { Command, Option } from 'commander'
import { backupKey } from '../commands/backup-key.ts'
import { backupList, backupTask, backupTest } from '../commands/backup.ts'
import type { CommandIo } from '../commands/context.ts'
import { choiceOf, type CommonFlags } from './flags.ts'

export interface BackupCommandParts {
  readonly io: (flags: CommonFlags) => CommandIo
  readonly fileOption: Option
  readonly clusterOption: Option
  readonly jsonOption: Option
}

export function addBackups(program: Command, parts: BackupCommandParts): void {
  const { io, fileOption, clusterOption, jsonOption } = parts
  const backup = program
    .command('backup')
    .summary('backups: what there is, how far back one can restore, and new ones')
    .description('Shows what the repositories hold, and makes and verifies backups.')
  const command = (name: string, summary: string, description: string): Command =>
    backup
      .command(name)
      .summary(summary)
      .description(description)
      .addOption(fileOption)
      .addOption(clusterOption)
      .addOption(jsonOption)
  command(
    'list',
    'every backup, verified or not, and the moments that can be restored',
    'Lists every backup of every repository, and the moments between which one can restore to any.',
  ).action((flags: CommonFlags) => backupList(io(flags), choiceOf(flags)))
  command(
    'run',
    'make a backup now, in every repository, and verify it',
    'Makes a backup in every repository, from a standby where one is there, and verifies it.',
  )
    .option('--full', 'every file anew, instead of what changed since the newest backup', false)
    .action((flags: CommonFlags & { readonly full: boolean }) =>
      backupTask(io(flags), choiceOf(flags), flags.full ? 'full' : 'incremental'),
    )
  command(
    'check',
    'does what the primary archives arrive in every repository?',
    'Closes a WAL segment, and waits until it is in every repository.',
  ).action((flags: CommonFlags) => backupTask(io(flags), choiceOf(flags), 'check'))
  command(
    'verify',
    'are the files of all backups, and their WAL, what was written?',
    'Reads the files of every backup and its WAL in every repository, and compares their checksums.',
  ).action((flags: CommonFlags) => backupTask(io(flags), choiceOf(flags), 'verify'))
  command(
    'test',
    'restore the newest backup into a throw-away member, and check it',
    'Sets a restore point, restores the newest backup and its WAL up to it into a throw-away member, and checks that nothing is missing or damaged.',
  ).action((flags: CommonFlags) => backupTest(io(flags), choiceOf(flags)))
  command(
    'key',
    'the key of the backups, and whether a copy of it is the same',
    'Prints what the backups are encrypted with: without it they cannot be read. With --compare it reads a copy that is kept elsewhere instead, and says whether it is the same; doctor warns until one was.',
  )
    .option('--compare <file>', 'the copy; - for standard input')
    .action((flags: CommonFlags & { readonly compare?: string }) =>
      backupKey(io(flags), choiceOf(flags), flags.compare),
    )
}
