// sys/rekey, and the same as sys/rotate/root: other shares for those who hold enough of the present ones. Every call
// needs a token with sudo, unless the listener opens sys/rekey; nobody passing by can cancel (CVE-2025-4656).
import type { Path, Request, Response } from '../framework/backend.js';
import { invalidRequest } from '../framework/errors.js';
import { field } from '../framework/field.js';
import type { JsonValue } from '../framework/json/value.js';
import { path } from '../framework/path.js';
import type { RekeyComplete, RekeyStatus, RekeyVerifyStatus } from '../seal/rekey.js';
import { rawAnswer } from './json-answer.js';
import { decodeKeyText } from './key-text.js';
import type { SystemParts } from './parts.js';
import { encodeShares, refusePgp } from './path-init.js';

type JsonObject = { readonly [key: string]: JsonValue };
/** sys/rekey answers without the envelope, sys/rotate/root with it. */
type Answer = (request: Request, body: JsonObject) => Response;

const HELP = {
  synopsis: 'Makes other key shares.',
  description:
    'Begin with init, give the present shares to update, and new ones to verify if wished.',
};
const SHARE_FIELDS = {
  key: field.bytes('key share, hex or base64'),
  nonce: field.string('of the attempt'),
} as const;

export function rekeyPaths(parts: SystemParts): readonly Path[] {
  const enveloped: Answer = (_, data) => ({ data, legacyTopLevel: true });
  return [
    ...attemptPaths(parts, 'rekey', rawAnswer),
    ...attemptPaths(parts, 'rotate/root', enveloped),
  ];
}

function statusBody(status: RekeyStatus): JsonObject {
  return {
    nonce: status.nonce,
    started: status.started,
    t: status.t,
    n: status.n,
    progress: status.progress,
    required: status.required,
    pgp_fingerprints: null,
    backup: false,
    verification_required: status.verificationRequired,
    ...(status.verificationNonce === '' ? {} : { verification_nonce: status.verificationNonce }),
  };
}

function updateBody(request: Request, result: RekeyStatus | RekeyComplete): JsonObject {
  if (!('shares' in result)) return statusBody(result);
  return {
    nonce: result.nonce,
    complete: true,
    ...encodeShares(request, result.shares),
    pgp_fingerprints: null,
    backup: false,
    verification_required: result.verificationRequired,
    ...(result.verificationNonce === '' ? {} : { verification_nonce: result.verificationNonce }),
  };
}

function verifyBody(status: RekeyVerifyStatus): JsonObject {
  const { nonce, started, t, n, progress, complete } = status;
  return complete ? { nonce, complete } : { nonce, started, t, n, progress };
}

/** A caller without a token is not told what others began: who knows the nonce may cancel. */
export function shownNonce({ caller }: Request, nonce: string): string {
  return caller === null ? '' : nonce;
}

/** Null, which cancels whatever is under way, only for a caller that showed a token. '' is no attempt's nonce. */
export function cancellingNonce({ caller }: Request, nonce: string | null): string | null {
  return caller === null ? (nonce ?? '') : nonce;
}

/** The share in a request; the request owns it. @throws ApiError with Vault's texts */
export function readShare(request: Request, key: Buffer | null): Buffer {
  if (key === null || key.length === 0) {
    throw invalidRequest("'key' must be specified in request body as JSON", 'key-missing');
  }
  return request.own(decodeKeyText(request.own(key)));
}

/** sys/rotate/root always wants a token. */
function openedBy(at: string): { readonly openedBy?: 'rekey' } {
  return at === 'rekey' ? { openedBy: 'rekey' } : {};
}

function attemptPaths(parts: SystemParts, at: string, answer: Answer): readonly Path[] {
  const { rekey } = parts.lifecycle;
  return [
    path({
      pattern: `${at}/init`,
      help: HELP,
      sudo: true,
      ...openedBy(at),
      fields: {
        secret_shares: field.integer('number of new shares'),
        secret_threshold: field.integer('how many of them unseal'),
        pgp_keys: field.stringList('not supported'),
        backup: field.boolean('not supported: only PGP-encrypted shares are backed up'),
        nonce: field.optionalString('of the attempt to cancel; a wrong one is refused'),
        require_verification: field.boolean('new shares count once enough have been given back'),
      },
      operations: {
        read: async (request) => {
          const status = await rekey.status();
          const nonce = shownNonce(request, status.nonce);
          const verificationNonce = shownNonce(request, status.verificationNonce);
          return answer(request, statusBody({ ...status, nonce, verificationNonce }));
        },
        update: async (request, values) => {
          refusePgp(values.pgp_keys);
          if (values.backup) {
            throw invalidRequest('cannot request a backup without PGP keys', 'rekey-backup');
          }
          const status = await rekey.begin({
            secretShares: values.secret_shares,
            secretThreshold: values.secret_threshold,
            requireVerification: values.require_verification,
          });
          return answer(request, statusBody(status));
        },
        delete: async (request, { nonce }) => {
          rekey.cancel(cancellingNonce(request, nonce));
          return null;
        },
      },
    }),
    path({
      pattern: `${at}/update`,
      help: HELP,
      sudo: true,
      ...openedBy(at),
      fields: SHARE_FIELDS,
      operations: {
        update: async (request, { key, nonce }) =>
          answer(request, updateBody(request, await rekey.update(readShare(request, key), nonce))),
      },
    }),
    verifyPath(parts, at, answer),
    backupPath(at),
  ];
}

function verifyPath(parts: SystemParts, at: string, answer: Answer): Path {
  const { rekey } = parts.lifecycle;
  return path({
    pattern: `${at}/verify`,
    help: HELP,
    sudo: true,
    ...openedBy(at),
    fields: { ...SHARE_FIELDS, nonce: field.optionalString('of the verification') },
    operations: {
      read: async (request) => {
        const status = rekey.verifyStatus();
        return answer(request, verifyBody({ ...status, nonce: shownNonce(request, status.nonce) }));
      },
      update: async (request, { key, nonce }) =>
        answer(request, verifyBody(await rekey.verify(readShare(request, key), nonce ?? ''))),
      delete: async (request, { nonce }) =>
        answer(request, verifyBody(rekey.restartVerification(cancellingNonce(request, nonce)))),
    },
  });
}

/** Shares are never kept: there is nothing to back up without PGP. */
function backupPath(at: string): Path {
  return path({
    pattern: `${at}/backup`,
    help: { synopsis: 'Backed-up key shares: there are none.', description: '' },
    sudo: true,
    fields: {},
    operations: {
      read: async () => {
        throw invalidRequest('no backed-up keys found', 'rekey-backup');
      },
      delete: async () => null,
    },
  });
}
