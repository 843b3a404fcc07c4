/** How a renderer writes names and values into SQL. */

/** An identifier, always quoted. */
export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A string literal that means the same under any standard_conforming_strings. */
export const quoteLiteral = (value: string): string => {
  const quoted = `'${value.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`
  return value.includes('\\') ? `E${quoted}` : quoted
}

/** A statement that psql makes and runs only if the query finds no row: for what has no IF NOT EXISTS. */
export const unlessExists = (statement: string, query: string): string =>
  `SELECT ${quoteLiteral(statement)} WHERE NOT EXISTS (${query}) \\gexec`
