// Lays HCL out: two spaces for each level, equals signs of neighbouring lines in one column, at most one empty line.
// Touches white space only; whether the policy means something is the server's to say.

interface Line {
  /** Without white space around it; '' is an empty line. */
  readonly text: string;
  readonly level: number;
  /** Where the attribute's equals sign is, -1 if the line is no attribute. */
  readonly equals: number;
  /** Inside a here-document or block comment: kept to the letter. */
  readonly verbatim: boolean;
}

/** What a line holds besides texts and comments. */
interface Scan {
  readonly opens: number;
  readonly closes: number;
  readonly closesFirst: number;
  readonly equals: number;
  readonly heredoc: string | null;
  readonly inComment: boolean;
}

const closing = '}]';

/** @throws SyntaxError naming the line when a text is not closed */
function scanLine(text: string, number: number): Scan {
  let [opens, closes, closesFirst, equals] = [0, 0, 0, -1];
  for (let at = 0; at < text.length; at += 1) {
    const rest = text.slice(at);
    if (rest.startsWith('#') || rest.startsWith('//')) break;
    if (rest.startsWith('/*')) {
      const end = text.indexOf('*/', at + 2);
      if (end < 0) return { opens, closes, closesFirst, equals, heredoc: null, inComment: true };
      at = end + 1;
      continue;
    }
    const heredoc = /^<<-?([A-Za-z_][A-Za-z0-9_]*)\s*$/.exec(rest);
    if (heredoc !== null) {
      return { opens, closes, closesFirst, equals, heredoc: heredoc[1] ?? '', inComment: false };
    }
    const character = text.charAt(at);
    if (character === '"') {
      const closed = /^"(?:[^"\\]|\\.)*"/.exec(rest);
      if (closed === null) throw new SyntaxError(`line ${number}: a text is not closed`);
      at += closed[0].length - 1;
    } else if ('{['.includes(character)) {
      opens += 1;
    } else if (closing.includes(character)) {
      if (opens > 0) opens -= 1;
      else {
        closes += 1;
        if (closing.includes(text.charAt(0))) closesFirst += 1;
      }
    } else if (character === '=' && equals < 0 && opens === 0) {
      equals = at;
    }
  }
  return { opens, closes, closesFirst, equals, heredoc: null, inComment: false };
}

/** @throws SyntaxError when brackets do not match */
function readLines(source: string): Line[] {
  const lines: Line[] = [];
  let level = 0;
  let until: RegExp | null = null;
  for (const [index, raw] of source.split(/\r?\n/).entries()) {
    if (until !== null) {
      lines.push({ text: raw, level, equals: -1, verbatim: true });
      if (until.test(raw)) until = null;
      continue;
    }
    const text = raw.trim();
    const scan = scanLine(text, index + 1);
    if (scan.closes > level) throw new SyntaxError(`line ${index + 1}: a bracket too many`);
    lines.push({ text, level: level - scan.closesFirst, equals: scan.equals, verbatim: false });
    level += scan.opens - scan.closes;
    if (scan.heredoc !== null) until = new RegExp(`^\\s*${scan.heredoc}\\s*$`);
    else if (scan.inComment) until = /\*\//;
  }
  if (until !== null) throw new SyntaxError('a comment or here-document is not closed');
  if (level > 0) throw new SyntaxError('a bracket is not closed');
  return lines;
}

/** Name and value of an attribute line. */
function splitAttribute(line: Line): readonly [string, string] {
  return [line.text.slice(0, line.equals).trimEnd(), line.text.slice(line.equals + 1).trimStart()];
}

/** Neighbours at the same level whose equals signs go into one column. */
function formatRun(run: readonly Line[]): string[] {
  const width = Math.max(...run.map((line) => splitAttribute(line)[0].length));
  return run.map((line) => {
    const [name, value] = splitAttribute(line);
    return `${'  '.repeat(line.level)}${name.padEnd(width)} = ${value}`;
  });
}

/** Ends with one newline; an empty text stays empty. @throws SyntaxError */
export function formatHcl(source: string): string {
  const lines = readLines(source);
  const out: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at];
    if (line === undefined) break;
    if (line.verbatim) out.push(line.text);
    else if (line.text === '') {
      if (out.length > 0 && out[out.length - 1] !== '') out.push('');
    } else if (line.equals < 0) out.push('  '.repeat(line.level) + line.text);
    else {
      const isNeighbour = (next: Line | undefined): next is Line =>
        next !== undefined && !next.verbatim && next.equals >= 0 && next.level === line.level;
      const run = [line];
      for (let next = lines[at + 1]; isNeighbour(next); next = lines[at + 1]) {
        run.push(next);
        at += 1;
      }
      out.push(...formatRun(run));
    }
  }
  const text = out.join('\n').trim();
  return text === '' ? '' : `${text}\n`;
}
