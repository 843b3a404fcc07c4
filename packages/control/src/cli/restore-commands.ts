/** `restore` and `recover`: what was backed up comes back, beside the cluster or in its place. */
import { Option } from 'commander'
import { recover } from '../commands/recover.ts'
import type { CommandIo } from '../commands/context.ts'
import { restoreDropOld, restoreInPlace, restoreUndo } from '../commands/restore-in-place.ts'
import { restoreObjects } from '../commands/restore-objects.ts'
import { restore } from '../commands/restore.ts'
import { parseTarget } from '../restore/parse-target.ts'
import { choiceOf, type CommonFlags, type MakeCommand, type MakeIo } from './flags.ts'

const toOption = new Option(
  '--to <moment>',
  'latest, a time (UTC unless it has a zone), a WAL position, or the name of a restore point',
).default('latest')
const backupOption = new Option(
  '--backup <label>',
  'begin with this backup (default: the newest that ends before the moment)',
)

const inPlaceOption = new Option(
  '--in-place',
  'in this cluster itself: takes it down, keeps what is there now until you drop it',
)
  .conflicts(['as', 'into'])
  .default(false)
const undoOption = new Option(
  '--undo',
  'put back the data of before a restore in place; what was written since is lost',
)
  .conflicts(['as', 'into', 'inPlace'])
  .default(false)
const dropOldOption = new Option('--drop-old', 'drop the data of before a restore in place')
  .conflicts(['as', 'into', 'inPlace', 'undo'])
  .default(false)
const OTHER_WAYS = ['as', 'into', 'inPlace', 'undo', 'dropOld']
const all = (word: string, before: readonly string[]): readonly string[] => [...before, word]
const tableOption = new Option(
  '--table <schema.table>',
  'this table alone, into the cluster that runs, beside what is there; may be given several times',
)
  .argParser(all)
  .default([])
  .conflicts(OTHER_WAYS)
const schemaOption = new Option('--schema <name>', 'the same for a whole schema')
  .argParser(all)
  .default([])
  .conflicts(OTHER_WAYS)
const meanItOption = new Option(
  '--yes-i-mean-it <cluster>',
  'the cluster’s name, instead of typing it when asked (--in-place, --undo)',
)

interface RestoreFlags extends CommonFlags {
  readonly table: readonly string[]
  readonly schema: readonly string[]
  readonly database?: string
  readonly to: string
  readonly inPlace: boolean
  readonly undo: boolean
  readonly dropOld: boolean
  readonly yesIMeanIt?: string
  readonly yes: boolean
  readonly as?: string
  readonly into?: string
  readonly from?: string
  readonly backup?: string
  readonly install: boolean
}

interface RecoverFlags extends CommonFlags {
  readonly from?: string
  readonly keyFile?: string
  readonly to: string
  readonly backup?: string
  readonly oldIsGone: boolean
  readonly withoutSecrets: boolean
  readonly install: boolean
}

function runRestore(io: CommandIo, flags: RestoreFlags): Promise<void> {
  const { from, backup, yesIMeanIt: confirmed } = flags
  if (flags.dropOld) return restoreDropOld(io, { ...choiceOf(flags), yes: flags.yes })
  if (flags.undo) return restoreUndo(io, { ...choiceOf(flags), from, confirmed })
  const target = parseTarget(flags.to)
  if (flags.inPlace)
    return restoreInPlace(io, { ...choiceOf(flags), target, from, backup, confirmed })
  const { as, into, install, table: tables, schema: schemas, database } = flags
  if (tables.length + schemas.length > 0) {
    const objects = { tables, schemas, database, install }
    return restoreObjects(io, { ...choiceOf(flags), target, from, backup, ...objects })
  }
  return restore(io, { ...choiceOf(flags), target, as, into, from, backup, install })
}

export function addRestores(command: MakeCommand, io: MakeIo): void {
  command(
    'restore',
    'the database as it was at some moment: in a new cluster beside, in place, or some of its tables',
  )
    .addOption(toOption)
    .option('--as <name>', 'the new cluster: like this one, with a network and ports of its own')
    .option('--into <file>', 'the new cluster: what this cluster file says')
    .addOption(inPlaceOption)
    .addOption(undoOption)
    .addOption(dropOldOption)
    .addOption(meanItOption)
    .addOption(tableOption)
    .addOption(schemaOption)
    .option('--database <name>', '--table, --schema: of which database (default: the only one)')
    .option('-y, --yes', 'agree to what --drop-old would ask', false)
    .option('--from <repository>', 'repo1, repo2, … (default: the first)')
    .addOption(backupOption)
    .option('--no-install', 'refuse instead of installing what this machine lacks')
    .action((flags: RestoreFlags) => runRestore(io(flags), flags))
  command('recover', 'bring a lost cluster back on an empty machine, from its backups alone')
    .option('--from <repository>', 'repo1, repo2, … of the cluster file (default: the first)')
    .option('--key-file <file>', 'what `backup key` printed; - for standard input')
    .addOption(toOption)
    .addOption(backupOption)
    .option('--old-is-gone', 'do not watch whether the old cluster still archives', false)
    .option(
      '--without-secrets',
      'make new secrets: where there are no sealed ones, or they cannot be opened',
      false,
    )
    .option('--no-install', 'refuse instead of installing what this machine lacks')
    .action((flags: RecoverFlags) =>
      recover(io(flags), {
        ...choiceOf(flags),
        ...{ from: flags.from, keyFile: flags.keyFile },
        ...{ target: parseTarget(flags.to), backup: flags.backup, install: flags.install },
        ...{ oldIsGone: flags.oldIsGone, withoutSecrets: flags.withoutSecrets },
      }),
    )
}
