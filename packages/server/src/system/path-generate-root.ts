// A new root token for the holders of enough key shares. Every call needs a token with sudo, unless the listener opens
// sys/generate-root to holders of shares without one. Such a caller is not told the nonce of an attempt that it did not
// begin, so that it can neither cancel nor add to it (CVE-2025-4656, CVE-2026-5807).
import type { Path, Request, Response } from '../framework/backend.js';
import { field } from '../framework/field.js';
import { path } from '../framework/path.js';
import type { GenerateRootStatus } from '../seal/generate-root.js';
import { rootTokenSpec } from '../tokens/token-spec.js';
import { quoteSecret, rawAnswer } from './json-answer.js';
import type { SystemParts } from './parts.js';
import { refusePgp } from './path-init.js';
import { cancellingNonce, readShare, shownNonce } from './path-rekey.js';

/** 'hvs.' and 24 characters. */
const ROOT_TOKEN_LENGTH = 28;
const HELP = {
  synopsis: 'Makes a root token.',
  description:
    'The token comes encoded: base64 of it XOR the one-time password that attempt answers.',
};

export function generateRootPaths(parts: SystemParts): readonly Path[] {
  return ['generate-root', 'generate-root-token'].flatMap((at) => [
    attemptPath(parts, at),
    updatePath(parts, at),
  ]);
}

/** sys/generate-root answers without the envelope, sys/generate-root-token with it: that is how clients read each. */
function answer(
  at: string,
  request: Request,
  status: GenerateRootStatus,
  otp: Buffer | null,
): Response {
  const body = {
    nonce: status.nonce,
    started: status.started,
    progress: status.progress,
    required: status.required,
    complete: status.complete,
    encoded_token: status.encodedToken,
    encoded_root_token: status.encodedToken,
    pgp_fingerprint: '',
    otp: otp === null ? '' : quoteSecret(request, otp),
    otp_length: status.otpLength,
  };
  return at === 'generate-root' ? rawAnswer(request, body) : { data: body };
}

/** The other spelling of the path is the one that always wants a token. */
function openedBy(at: string): { readonly openedBy?: 'generate-root' } {
  return at === 'generate-root' ? { openedBy: 'generate-root' } : {};
}

function attemptPath(parts: SystemParts, at: string): Path {
  const { generateRoot } = parts.lifecycle;
  return path({
    pattern: `${at}/attempt`,
    help: HELP,
    sudo: true,
    ...openedBy(at),
    fields: {
      pgp_key: field.string('not supported'),
      nonce: field.optionalString('of the attempt to cancel; a wrong one is refused'),
      otp: field.bytes('one-time password of the caller’s own making'),
    },
    operations: {
      read: async (request) => {
        const status = await generateRoot.status(ROOT_TOKEN_LENGTH);
        return answer(at, request, { ...status, nonce: shownNonce(request, status.nonce) }, null);
      },
      update: async (request, { pgp_key: pgpKey, otp }) => {
        refusePgp([], pgpKey);
        const given = otp === null || otp.length === 0 ? null : request.own(otp);
        const begun = await generateRoot.begin(ROOT_TOKEN_LENGTH, given);
        const made = request.own(begun.otp);
        return answer(at, request, begun.status, given === null ? made : null);
      },
      delete: async (request, { nonce }) => {
        generateRoot.cancel(cancellingNonce(request, nonce));
        return null;
      },
    },
  });
}

function updatePath(parts: SystemParts, at: string): Path {
  return path({
    pattern: `${at}/update`,
    help: HELP,
    sudo: true,
    ...openedBy(at),
    fields: {
      key: field.bytes('key share, hex or base64'),
      nonce: field.string('of the attempt'),
    },
    operations: {
      update: async (request, { key, nonce }) => {
        const share = readShare(request, key);
        const makeToken = async (): Promise<Buffer> =>
          (await parts.core.active.tokens.create(rootTokenSpec(null), request.now)).token;
        const status = await parts.lifecycle.generateRoot.update(share, nonce, makeToken);
        return answer(at, request, status, null);
      },
    },
  });
}
