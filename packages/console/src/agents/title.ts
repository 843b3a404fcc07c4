const LONGEST_TITLE = 60

/** A session's title from its first message: its first line, cut at a word. Pure. */
export const titleOf = (content: string): string => {
  const line = content.trim().split('\n', 1)[0]?.replace(/\s+/g, ' ') ?? ''
  if (line.length <= LONGEST_TITLE) return line
  const cut = line.slice(0, LONGEST_TITLE)
  const space = cut.lastIndexOf(' ')
  return `${space > LONGEST_TITLE / 2 ? cut.slice(0, space) : cut}…`
}
