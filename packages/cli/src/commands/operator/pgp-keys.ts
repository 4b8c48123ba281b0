// Public PGP keys as the server wants them: base64 of the binary key.
import { readFileSync } from 'node:fs';
import { UsageError } from '../../arguments/flag.js';

/** A file (binary, base64 or ASCII armour); other texts pass as they are (keybase:NAME is the server's to refuse). */
function readKey(text: string): string {
  const path = text.replace(/^@/, '');
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new UsageError(`PGP key: cannot read ${JSON.stringify(path)}: ${code}`);
  }
  const content = bytes.toString('latin1');
  const armour = /-----BEGIN PGP PUBLIC KEY BLOCK-----[\s\S]*?\r?\n\r?\n([\s\S]*?)\r?\n=/.exec(
    content,
  );
  if (armour !== null) return (armour[1] ?? '').replace(/\s/g, '');
  if (/^[A-Za-z0-9+/=\s]+$/.test(content)) return content.replace(/\s/g, '');
  return bytes.toString('base64');
}

/** @throws UsageError */
export function readPgpKeys(texts: readonly string[]): string[] {
  return texts.map(readKey);
}
