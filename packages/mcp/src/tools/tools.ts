/** Every tool of the server. Read-only mode, the only mode there is so far, is a filter on this table. */
import { getClusterStatus } from './cluster.ts'
import { runQuery } from './database.ts'
import { searchMessages } from './messages.ts'
import type { Tool } from './tool.ts'

const ALL_TOOLS: readonly Tool[] = [getClusterStatus, runQuery, searchMessages]

export const TOOLS: readonly Tool[] = ALL_TOOLS.filter(({ access }) => access === 'read')
