// Lines up columns as Vault's command does: four spaces between them, dashes as wide as each heading.

const gap = '    ';

/** Columns an East Asian or combining character takes are not counted: one code point, one column. */
function width(text: string): number {
  return [...text].length;
}

/** Control characters would move the cursor or hide what follows: shown escaped, line ends kept as a space. */
export function printable(text: string): string {
  return text.replace(/\r?\n/g, ' ').replace(/\p{Cc}/gu, (character) => {
    return `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`;
  });
}

/** Rows in columns. Every row ends where its last cell ends. */
export function alignRows(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, width(cell));
    });
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === row.length - 1
            ? cell
            : cell + ' '.repeat((widths[column] ?? 0) - width(cell)) + gap,
        )
        .join('')
        .trimEnd(),
    )
    .join('\n');
}

/** A headed table, no newline at the end. */
export function formatTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const dashes = headings.map((heading) => '-'.repeat(width(heading)));
  return alignRows([headings, dashes, ...rows.map((row) => row.map(printable))]);
}

/** `Key    Value` with one row for each pair. */
export function formatPairs(pairs: readonly (readonly [string, string])[]): string {
  return formatTable(['Key', 'Value'], pairs);
}

/** '====== Metadata ======' at least as wide as the table below. */
export function formatHeading(title: string, tableWidth: number): string {
  const free = tableWidth - (title.length + 2);
  const signs = Math.ceil((free <= 0 ? 4 : free) / 2);
  return `${'='.repeat(signs)} ${title} ${'='.repeat(signs)}`;
}

/** Width that Vault's headings assume for a table with these keys. */
export function pairsWidth(keys: readonly string[]): number {
  return Math.max(0, ...keys.map((key) => key.length)) + gap.length + 'Value'.length;
}
