// sys/init: makes a database. Shares and root token leave once, as bytes that are wiped with the request.

import { prepareDatabase } from '../core/first-writes.js';
import type { Path, Request, Response } from '../framework/backend.js';
import { encodeBase64Bytes } from '../framework/base64-bytes.js';
import { invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import type { RawJson } from '../framework/json/value.js';
import { path } from '../framework/path.js';
import { quoteSecret, rawAnswer } from './json-answer.js';
import { encodeHex } from './key-text.js';
import type { SystemParts } from './parts.js';

/** Quoted texts of key shares, owned by the request; wipes the shares. */
export function encodeShares(
  request: Request,
  shares: readonly Buffer[],
): { readonly keys: readonly RawJson[]; readonly keys_base64: readonly RawJson[] } {
  const quote = (encode: (bytes: Uint8Array) => Buffer): readonly RawJson[] =>
    shares.map((share) => {
      const text = encode(share);
      const quoted = quoteSecret(request, text);
      text.fill(0);
      return quoted;
    });
  const encoded = { keys: quote(encodeHex), keys_base64: quote(encodeBase64Bytes) };
  for (const share of shares) share.fill(0);
  return encoded;
}

/** Keys would leave in the clear where the operator expected them encrypted: so that is refused. */
export function refusePgp(keys: readonly string[], ...single: readonly string[]): void {
  if (keys.length === 0 && single.every((key) => key === '')) return;
  throw invalidRequest('PGP encryption of keys is not supported by this server', 'pgp-unsupported');
}

async function initialise(
  parts: SystemParts,
  request: Request,
  counts: { readonly secretShares: number; readonly secretThreshold: number },
): Promise<Response> {
  const { lifecycle, firstWrites } = parts;
  const { shares, prepared } = await lifecycle.initialise(counts, (storage) =>
    prepareDatabase(storage, firstWrites, request.now),
  );
  const keys = encodeShares(request, shares);
  const token = request.own(prepared.rootToken);
  return rawAnswer(request, { ...keys, root_token: quoteSecret(request, token) });
}

export function initPaths(parts: SystemParts): readonly Path[] {
  return [
    path({
      pattern: 'init',
      help: {
        synopsis: 'Initialises the server, or says whether it is initialised.',
        description:
          'Key shares and the root token are answered this once and can not be had again.',
      },
      whileSealed: true,
      unauthenticated: true,
      fields: {
        secret_shares: field.integer('number of key shares'),
        secret_threshold: field.integer('how many of them unseal'),
        pgp_keys: field.stringList('not supported'),
        root_token_pgp_key: field.string('not supported'),
        recovery_shares: field.integer('of seals that have recovery keys'),
        recovery_threshold: field.integer('of seals that have recovery keys'),
        recovery_pgp_keys: field.stringList('of seals that have recovery keys'),
      },
      operations: {
        read: async (request) =>
          rawAnswer(request, { initialized: await parts.lifecycle.isInitialised() }),
        update: async (request, values) => {
          refusePgp(values.pgp_keys, values.root_token_pgp_key);
          const foreign = (
            ['recovery_shares', 'recovery_threshold', 'recovery_pgp_keys'] as const
          ).filter((name) => {
            const value = values[name];
            return typeof value === 'number' ? value !== 0 : value.length > 0;
          });
          if (foreign.length > 0) {
            throw invalidRequest(
              `parameters ${foreign.join(',')} not applicable to seal type shamir`,
              'seal-parameters',
            );
          }
          return await initialise(parts, request, {
            secretShares: values.secret_shares,
            secretThreshold: values.secret_threshold,
          });
        },
      },
    }),
  ];
}
