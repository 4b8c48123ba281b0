// sys/tools: random bytes and digests, for clients that would rather not make them themselves.

import { createHash, randomBytes } from 'node:crypto';
import type { Path, Request, Response } from '../framework/backend.js';
import { decodeBase64Bytes, encodeBase64Bytes } from '../framework/base64-bytes.js';
import { invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import { path } from '../framework/path.js';
import { quoteSecret } from './json-answer.js';
import { encodeHex } from './key-text.js';

const RANDOM_BYTES_MAX = 128 * 1024;
const SOURCES: ReadonlySet<string> = new Set(['', 'platform']);
/** API name → OpenSSL's. */
const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['sha2-224', 'sha224'],
  ['sha2-256', 'sha256'],
  ['sha2-384', 'sha384'],
  ['sha2-512', 'sha512'],
  ['sha3-224', 'sha3-224'],
  ['sha3-256', 'sha3-256'],
  ['sha3-384', 'sha3-384'],
  ['sha3-512', 'sha3-512'],
]);

export function toolsPaths(): readonly Path[] {
  return [
    randomPath('tools/random'),
    // One segment alone is a source or a number, as in Vault.
    randomPath('tools/random/:urlbytes'),
    randomPath('tools/random/:source/:urlbytes'),
    hashPath('tools/hash'),
    hashPath('tools/hash/:urlalgorithm'),
  ];
}

function checkFormat(format: string): void {
  if (format === 'hex' || format === 'base64') return;
  throw invalidRequest(
    'unsupported encoding format; must be "hex" or "base64"',
    'format-unsupported',
  );
}

function readCount(inPath: string, inBody: number): number {
  if (inPath !== '' && !/^\d{1,9}$/.test(inPath)) {
    throw invalidRequest('error parsing url-set byte count', 'bytes-invalid');
  }
  const count = inPath === '' ? inBody : Number(inPath);
  if (count < 1) throw invalidRequest('"bytes" cannot be less than 1', 'bytes-invalid');
  if (count > RANDOM_BYTES_MAX) {
    throw invalidRequest(`"bytes" should be less than ${RANDOM_BYTES_MAX}`, 'bytes-invalid');
  }
  return count;
}

function random(request: Request, count: number, format: string): Response {
  const bytes = request.own(randomBytes(count));
  const text = request.own(format === 'hex' ? encodeHex(bytes) : encodeBase64Bytes(bytes));
  return { data: { random_bytes: quoteSecret(request, text) } };
}

function randomPath(pattern: string): Path {
  return path({
    pattern,
    help: { synopsis: 'Random bytes from the platform.', description: '' },
    fields: {
      urlbytes: field.string('how many bytes, in the path'),
      bytes: field.integer('how many bytes', 32),
      source: field.string('"platform"'),
      format: field.string('"base64" or "hex"', 'base64'),
    },
    operations: {
      update: async (request, { urlbytes, bytes, source, format }) => {
        const isSource = source === '' && urlbytes !== '' && !/^\d/.test(urlbytes);
        const [wanted, count] = isSource ? [urlbytes, ''] : [source, urlbytes];
        if (!SOURCES.has(wanted)) {
          throw invalidRequest('unsupported entropy source; must be "platform"', 'source-unknown');
        }
        checkFormat(format);
        return random(request, readCount(count, bytes), format);
      },
    },
  });
}

function hashPath(pattern: string): Path {
  return path({
    pattern,
    help: { synopsis: 'The digest of base64-encoded input.', description: '' },
    fields: {
      urlalgorithm: field.string('digest, in the path'),
      algorithm: field.string('digest', 'sha2-256'),
      input: field.bytes('what to digest, in base64'),
      format: field.string('"hex" or "base64"', 'hex'),
    },
    operations: {
      update: async (request, { urlalgorithm, algorithm, input, format }) => {
        const encoded = request.own(input ?? Buffer.alloc(0));
        const digest = DIGESTS.get(urlalgorithm || algorithm);
        if (digest === undefined) {
          throw invalidRequest('unsupported algorithm', 'algorithm-unsupported');
        }
        checkFormat(format);
        const bytes = decodeBase64Bytes(encoded);
        if (bytes === null) {
          throw invalidRequest('unable to decode input as base64', 'input-invalid');
        }
        request.own(bytes);
        const hash = createHash(digest)
          .update(bytes)
          .digest(format === 'hex' ? 'hex' : 'base64');
        return { data: { sum: hash } };
      },
    },
  });
}
