/** The few documents that S3 has, flat enough to be written and read without a parser. */

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}
const CHARACTERS = new Map(Object.entries(ENTITIES).map(([character, name]) => [name, character]))

const escape = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (found) => ENTITIES[found] ?? '')

/** Children are elements already. */
export const element = (name: string, content: string | number | readonly string[]): string =>
  `<${name}>${typeof content === 'object' ? content.join('') : escape(String(content))}</${name}>`

export const xmlDocument = (root: string, children: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${children.join('')}</${root}>\n`

/** The texts of all elements of this name, in order. */
export const xmlValues = (document: string, name: string): readonly string[] =>
  [...document.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, content = '']) =>
    content.replaceAll(/&(?:amp|lt|gt|quot|apos);|&#(x?)([0-9A-Fa-f]+);/g, (entity, hex, code) =>
      code === undefined
        ? (CHARACTERS.get(entity) ?? entity)
        : String.fromCodePoint(Number.parseInt(String(code), hex === 'x' ? 16 : 10)),
    ),
  )
