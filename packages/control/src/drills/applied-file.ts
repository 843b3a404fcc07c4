/** Which file says what a cluster is: the one that was last applied, or the copy that the state folder keeps. */
import { loadApplied, stateFolderOf } from '../state/state-folder.ts'

export async function appliedFileOf(cluster: string): Promise<string> {
  const state = stateFolderOf(cluster)
  return (await loadApplied(state))?.source ?? state.clusterFile
}
