/** One thing that is wrong, in words for the person on call: what it is, and what it means for users. */
export interface Finding {
  /** `down`: users cannot work; `degraded`: they can, with less in reserve. */
  readonly severity: 'degraded' | 'down'
  readonly words: string
}

export const degraded = (words: string): Finding => ({ severity: 'degraded', words })
export const down = (words: string): Finding => ({ severity: 'down', words })
