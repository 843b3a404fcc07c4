/** Runs a command of this program while the drill lends it the cluster's lock. */
export type RunCommand = (
  args: readonly string[],
  options?: {
    /** Kills it (SIGKILL) when aborted; being killed is then no failure. */
    readonly killOn?: AbortSignal
  },
) => Promise<void>
