// The paths that need no token: who are you, give me a challenge, here is my evidence, which key signs your results.
import type { Path } from '../../framework/backend.js';
import { invalidRequest } from '../../framework/errors.js';
import { field } from '../../framework/field.js';
import { path } from '../../framework/path.js';
import type { AttestParts } from './backend.js';
import {
  BINDING_PROFILE,
  COMPOSITE_PROFILE,
  challengeBytes,
  parsePublicKey,
  serverReportData,
} from './binding.js';
import { CHALLENGE_TTL_MS, issueChallenge } from './challenge.js';
import type { DecisionLog } from './decisions.js';
import { earKeySet } from './ear.js';
import { readIdentity, signAsServer } from './identity.js';
import { login } from './login.js';
import { canonicalRoleName, isRoleName } from './role.js';
import { parseBase64url, parseLoginEvidence, parseOffered } from './wire.js';

const KEY_BYTES_MAX = 128;
const SHORT_BYTES_MAX = 64;

/** A name that no role can have is a mistake of the caller, and tells nothing about roles. */
function checkRoleName(role: string): void {
  if (role === '') throw invalidRequest('missing role', 'role-missing');
  if (!isRoleName(role)) {
    throw invalidRequest('field "role" is not valid: want the name of a role', 'role-name');
  }
}

async function serverEvidence(parts: AttestParts, challenge: Buffer, identity: Buffer) {
  if (parts.serverEvidence === null) return null;
  return await parts.serverEvidence(serverReportData(challenge, identity));
}

function serverPath(parts: AttestParts): Path {
  return path({
    pattern: 'server',
    help: {
      synopsis: 'The identity of this server, for workloads to pin.',
      description:
        'SHA-256 of the identity key, the key itself, and evidence when the server runs in a TEE.',
    },
    fields: {},
    unauthenticated: true,
    operations: {
      read: async (request) => {
        const identity = await readIdentity(request.storage);
        return {
          data: {
            server_identity: identity.name.toString('hex'),
            identity_key: identity.spki.toString('base64'),
            evidence: await serverEvidence(parts, Buffer.alloc(0), identity.name),
          },
        };
      },
    },
  });
}

function challengePath(parts: AttestParts): Path {
  return path({
    pattern: 'challenge',
    help: {
      synopsis: 'A fresh challenge for one login.',
      description:
        'Good for one minute, one role and one login. Signed by the server identity key.',
    },
    fields: { role: field.string('role to log in with') },
    unauthenticated: true,
    roleField: 'role',
    spellings: { role: canonicalRoleName },
    operations: {
      update: async (request, { role }) => {
        checkRoleName(role);
        const { storage, mount, now } = request;
        const { challenge, ticket } = await issueChallenge(
          storage,
          { mount: mount.path, role },
          now,
        );
        const identity = await readIdentity(storage);
        const time = new Date(now).toISOString();
        const signed = challengeBytes(challenge, mount.path, role, time);
        return {
          data: {
            challenge: challenge.toString('base64url'),
            ticket: ticket.toString('base64url'),
            expires_in: CHALLENGE_TTL_MS / 1000,
            binding_profile: BINDING_PROFILE,
            composite_profile: COMPOSITE_PROFILE,
            mount: mount.path,
            server_identity: identity.name.toString('hex'),
            identity_key: identity.spki.toString('base64'),
            server_time: time,
            signature: (await signAsServer(storage, signed)).toString('base64url'),
            evidence: await serverEvidence(parts, challenge, identity.name),
          },
        };
      },
    },
  });
}

function loginPath(parts: AttestParts, decisions: DecisionLog): Path {
  return path({
    pattern: 'login',
    help: {
      synopsis: 'Log in with evidence.',
      description: 'Answers with a token, the attestation result, and what the role provisions.',
    },
    fields: {
      role: field.string('role to log in with'),
      challenge: field.string('as handed out, base64url'),
      ticket: field.string('as handed out, base64url'),
      evidence: field.raw(
        'CMW record: ["media type", "base64url"]; or a collection of them, one named "lead"',
      ),
      endorsements: field.raw(
        'list of CMW records that the platform handed out; or such lists by the names of the parts',
      ),
      public_key: field.string('the workload key, SubjectPublicKeyInfo, base64url'),
      binding: field.string('"key" or "exporter": what the report data was made with', 'key'),
      proof: field.string('signature by the workload key over the report data, base64url'),
    },
    unauthenticated: true,
    roleField: 'role',
    spellings: { role: canonicalRoleName },
    operations: {
      update: async (request, values) => {
        checkRoleName(values.role);
        if (values.evidence === null) throw invalidRequest('missing evidence', 'evidence-missing');
        const { binding } = values;
        if (binding !== 'key' && binding !== 'exporter') {
          throw invalidRequest(
            'field "binding" is not valid: want key or exporter',
            'field-invalid',
          );
        }
        const evidence = parseLoginEvidence(values.evidence);
        const publicKey = parseBase64url(values.public_key, 'public_key', KEY_BYTES_MAX);
        return await login(
          request,
          {
            role: values.role,
            challenge: parseBase64url(values.challenge, 'challenge', SHORT_BYTES_MAX),
            ticket: parseBase64url(values.ticket, 'ticket', SHORT_BYTES_MAX),
            evidence,
            offered: parseOffered(values.endorsements, evidence),
            publicKey,
            key: parsePublicKey(publicKey),
            binding,
            proof: parseBase64url(values.proof, 'proof', SHORT_BYTES_MAX),
          },
          { trust: parts.trust, decisions, build: parts.build },
        );
      },
    },
  });
}

const keySetPath = path({
  pattern: '.well-known/jwks',
  help: {
    synopsis: 'The key that attestation results (EAR) of this mount are signed with.',
    description: 'A JWK set (RFC 7517), without the envelope of other answers.',
  },
  fields: {},
  unauthenticated: true,
  operations: {
    read: async (request) => {
      const body = Buffer.from(JSON.stringify(await earKeySet(request.storage)));
      return { raw: { contentType: 'application/jwk-set+json', body, code: 200 } };
    },
  },
});

export function loginPaths(parts: AttestParts, decisions: DecisionLog): readonly Path[] {
  return [serverPath(parts), challengePath(parts), loginPath(parts, decisions), keySetPath];
}
