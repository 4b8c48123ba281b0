// The issuers of results that the configuration names, with their keys read from files, once. A server that cannot read
// what it is to believe does not start.
import { readFileSync } from 'node:fs';
import {
  EvidenceError,
  evidenceFormats,
  parseCertificate,
  parseJwks,
  parsePem,
  type TrustedIssuer,
  takesIssuers,
} from '@vouchsafe/verifier';
import type { TrustedIssuerConfig } from '../config/server-config.js';
import { StartError } from './options.js';

const FILE_BYTES_MAX = 1024 * 1024;
const ROOTS_MAX = 8;

function readKeys({ kind, file }: TrustedIssuerConfig['keys']): TrustedIssuer['keys'] {
  const text = readFileSync(file, 'latin1');
  if (text.length > FILE_BYTES_MAX) throw new StartError(`trusted_issuer: ${file}: too long`);
  if (kind === 'jwks') return { kind: 'jwks', keys: parseJwks(text) };
  const limits = { label: 'CERTIFICATE', blocksMax: ROOTS_MAX, bytesMax: FILE_BYTES_MAX } as const;
  const roots = parsePem(text, limits).map((der) => parseCertificate(der).raw);
  return {
    kind: 'x5c',
    roots: roots.map((der) => ({ kind: 'certificate', der })),
    revocation: { kind: 'not-checked' },
  };
}

/** @throws StartError naming the format or the file */
export function readTrustedIssuers(
  configured: readonly TrustedIssuerConfig[],
): readonly TrustedIssuer[] {
  return configured.map(({ format: word, issuer, audience, keys }) => {
    const format = evidenceFormats.find((each) => each === word);
    if (format === undefined || !takesIssuers(format)) {
      const known = evidenceFormats.filter(takesIssuers).join(', ');
      throw new StartError(`trusted_issuer "${word}": want one of ${known}`);
    }
    try {
      return { kind: 'issuer', format, issuer, audience, keys: readKeys(keys) };
    } catch (error) {
      if (error instanceof StartError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      const why = error instanceof EvidenceError ? error.message : `cannot be read (${code})`;
      throw new StartError(`trusted_issuer "${word}": ${keys.file}: ${why}`);
    }
  });
}
