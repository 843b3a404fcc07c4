/** What the n-th message of a run says: the final read counts messages by it, a read-back searches for its last word. */
export const contentOf = (run: string, seq: number): string => `drill ${run} ${wordOf(seq)}`

/** One word of a message that no other message of its session has. */
export const wordOf = (seq: number): string => `s${seq}`
