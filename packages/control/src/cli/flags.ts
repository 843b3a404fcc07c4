/** What every command line has: which cluster is meant, and how the result is printed. */
import type { Command } from 'commander'
import type { ClusterChoice, CommandIo } from '../commands/context.ts'

export interface CommonFlags {
  readonly file?: string
  readonly cluster?: string
  readonly json?: boolean
}

/** Makes a command that takes these flags. */
export type MakeCommand = (name: string, summary: string) => Command
export type MakeIo = (flags: CommonFlags) => CommandIo

export const choiceOf = ({ file, cluster }: CommonFlags): ClusterChoice => ({ file, cluster })
