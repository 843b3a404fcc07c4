/**
 * pgBackRest's configuration with the members that answer only. It tries one that does not for a minute, at each call, and a check
 * fails over it, although any standby would do.
 */
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'

const ANSWERS_WITHIN_MS = 2000

/** `pg3-host=name`, `pg3-host-port=8432`, `pg3-path=…`: what is said of the third member. */
const MEMBER_SETTING = /^pg(\d+)-([^=]+)=(.*)$/

interface Member {
  readonly host: string
  readonly port: number
}

/** The members that a configuration names, by their numbers. Pure. */
export function membersIn(text: string): ReadonlyMap<string, Member> {
  const members = new Map<string, Member>()
  for (const line of text.split('\n')) {
    const [, number = '', name, value = ''] = MEMBER_SETTING.exec(line) ?? []
    const { host, port } = members.get(number) ?? { host: '', port: 0 }
    if (name === 'host') members.set(number, { host: value, port })
    if (name === 'host-port') members.set(number, { host, port: Number(value) })
  }
  return members
}

/** The configuration without some members, the others numbered anew, as pgBackRest wants them. Pure. */
export function withoutMembers(text: string, silent: ReadonlySet<string>): string {
  const kept = [...membersIn(text).keys()].filter((number) => !silent.has(number))
  return text
    .split('\n')
    .flatMap((line) => {
      const [, number, name = '', value = ''] = MEMBER_SETTING.exec(line) ?? []
      if (number === undefined) return [line]
      const place = kept.indexOf(number)
      return place < 0 ? [] : [`pg${place + 1}-${name}=${value}`]
    })
    .join('\n')
}

async function answers({ host, port }: Member): Promise<boolean> {
  const socket = connect({ host, port })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) })
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/**
 * @param path The whole configuration.
 * @param narrowed Where to write the one without those that do not answer.
 * @returns Which of the two to use: the whole one when all answer, or none does.
 */
export async function configurationNow(path: string, narrowed: string): Promise<string> {
  const text = await readFile(path, 'utf8')
  const members = [...membersIn(text)]
  const heard = await Promise.all(
    members.map(async ([number, member]) => ({ number, isThere: await answers(member) })),
  )
  const silent = new Set(heard.filter(({ isThere }) => !isThere).map(({ number }) => number))
  if (silent.size === 0 || silent.size === members.length) return path
  await writeFile(narrowed, withoutMembers(text, silent))
  return narrowed
}
