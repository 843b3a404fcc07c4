/**
 * What may be said to a router about who is the primary: one line, which its configuration compares letter by letter before
 * HAProxy's own command socket sees it. Checks go on beside it and have the last word.
 */

/** The section of the router's configuration that takes writes. */
export const WRITE_SECTION = 'write'

const command = (member: string, health: 'up' | 'down'): string =>
  `set server ${WRITE_SECTION}/${member} health ${health}`

/** The line that sends writes to one member, and cuts the sessions to all others. */
export const guideLine = (members: readonly string[], primary: string): string => {
  const others = members.filter((name) => name !== primary)
  const commands = [command(primary, 'up'), ...others.map((name) => command(name, 'down'))]
  return `${commands.join(';')}\n`
}

/** The line that sends no more writes to one member, and cuts the sessions to it. */
export const cutOffLine = (member: string): string => `${command(member, 'down')}\n`

/** Matches such lines about these members, and nothing else. */
export const guidePattern = (members: readonly string[]): string => {
  const one = `set server ${WRITE_SECTION}/(${members.join('|')}) health (up|down)`
  return `^${one}(;${one})*\\n$`
}
