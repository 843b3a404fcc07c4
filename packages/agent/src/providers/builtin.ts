/**
 * The model that is always there: no network, no weights, the same answer for the same conversation. It says
 * back what it understood, keeps count, and summarises when asked, which is enough for a demonstration and
 * exactly what tests and drills need.
 */
import type { Turn } from '../queries/messages.ts'
import type { LocalModel, ModelRequest } from './model-provider.ts'

const QUOTE_LENGTH = 280
const SUMMARY_ITEMS = 8
const WORDS_PER_CHUNK = 4

const COMMON_WORDS = new Set(
  'about after also been before could does from have into just like make more much only over please should some tell than that their them then there these they this those very want were what when where which while will with would your'.split(
    ' ',
  ),
)

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** At most `length` characters as a reader counts them. */
const shorten = (text: string, length: number): string => {
  const flat = text
    .slice(0, length * 20)
    .replace(/\s+/g, ' ')
    .trim()
  let count = 0
  for (const { index } of graphemes.segment(flat)) {
    if (count === length) return `${flat.slice(0, index).trimEnd()}…`
    count += 1
  }
  return flat
}

/** The words that come up most, at most `count`. */
const topics = (texts: readonly string[], count: number): readonly string[] => {
  const seen = new Map<string, number>()
  for (const word of texts
    .join(' ')
    .toLowerCase()
    .match(/\p{L}{4,}/gu) ?? []) {
    if (!COMMON_WORDS.has(word)) seen.set(word, (seen.get(word) ?? 0) + 1)
  }
  return [...seen]
    .sort(([a, countA], [b, countB]) => countB - countA || a.localeCompare(b))
    .slice(0, count)
    .map(([word]) => word)
}

const isAbout = (text: string, words: RegExp): boolean => words.test(text.toLowerCase())

const summarise = (questions: readonly string[]): string => {
  if (questions.length === 0)
    return 'There is nothing to summarise yet: this is your first message.'
  const shown = questions.slice(-SUMMARY_ITEMS)
  const items = shown.map((question, index) => `${index + 1}. ${shorten(question, 90)}`)
  const skipped = questions.length - shown.length
  const lead = skipped > 0 ? `The last ${shown.length} of your messages:` : 'So far you wrote:'
  return `${lead}\n${items.join('\n')}`
}

const userTexts = (history: readonly Turn[]): readonly string[] =>
  history.filter(({ role }) => role === 'user').map(({ content }) => content)

const compose = ({ agentName, message, history }: ModelRequest): string => {
  const text = message.content
  const earlier = userTexts(history)
  if (isAbout(text, /\b(summar|recap|so far)/)) return summarise(earlier)
  if (earlier.length === 0 && isAbout(text, /^\W*(hello|hi|hey|good (morning|evening))\b/)) {
    return `Hello! I am ${agentName}. Whatever you write here is stored before I answer, so it outlives any one server.`
  }
  const about = topics([...earlier, text], 3)
  const thread = about.length === 0 ? '' : ` The thread so far: ${about.join(', ')}.`
  const count =
    earlier.length === 0 ? 'your first message' : `message ${earlier.length + 1} of ours`
  return `You said: “${shorten(text, QUOTE_LENGTH)}” I have that as ${count}, safely stored.${thread}`
}

const inChunks = (text: string): readonly string[] => {
  const words = text.match(/\s*\S+\s*?(?=\s|$)|\s+$/g) ?? [text]
  const chunks: string[] = []
  for (let index = 0; index < words.length; index += WORDS_PER_CHUNK) {
    chunks.push(words.slice(index, index + WORDS_PER_CHUNK).join(''))
  }
  return chunks
}

export const builtinModel: LocalModel = {
  kind: 'local',
  name: 'builtin',
  answer: (request) => inChunks(compose(request)),
}
