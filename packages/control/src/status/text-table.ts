/** Text in columns: cells are padded before they are painted, so that colours never move a column. */
export type Paint = (text: string) => string

export interface Cell {
  readonly text: string
  readonly paint?: Paint
}

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

const pad = (text: string, width: number, align: Column['align']): string =>
  align === 'right' ? text.padStart(width) : text.padEnd(width)

const GAP = '  '

/** A heading line and one line per row; trailing blanks are cut. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  paintTitle: Paint,
): readonly string[] {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => row[index]?.text.length ?? 0)),
  )
  const line = (cells: readonly Cell[]): string =>
    columns
      .map(({ align }, index) => {
        const { text, paint } = cells[index] ?? { text: '' }
        const last = index === columns.length - 1 && align !== 'right'
        const padded = last ? text : pad(text, widths[index] ?? 0, align)
        return paint === undefined ? padded : paint(padded)
      })
      .join(GAP)
      .trimEnd()
  const titles = columns.map(({ title }) => ({ text: title, paint: paintTitle }))
  return [line(titles), ...rows.map(line)]
}

/** How wide the table would be. */
export const tableWidth = (
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): number =>
  columns.reduce(
    (total, { title }, index) =>
      total +
      Math.max(title.length, ...rows.map((row) => row[index]?.text.length ?? 0)) +
      GAP.length,
    -GAP.length,
  )

/** Words in lines of at most `width`; a longer word gets a line of its own. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`
    if (line !== '' && joined.length > width) {
      lines.push(line)
      line = word
    } else line = joined
  }
  return [...lines, line]
}
