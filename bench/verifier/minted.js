// Evidence of formats for which there is no genuine set that can be verified alone: minted here, once. What is timed begins with
// its bytes and, for tokens, with the text of the issuer's key set.
import { noEndorsements, parseJwks, sessionNonce } from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import {
  confidentialSpacePayload,
  createSoftwareAk,
  createSoftwareAkCa,
  createTokenIssuer,
  earPayload,
  itaPayload,
  maaPayload,
  mintNrasResult,
  mintToken,
  mintTpmQuote,
  nrasDevicePayload,
} from '@vouchsafe/verifier/testing';

const at = new Date('2026-05-01T12:00:00Z');
const binding = Uint8Array.from({ length: 64 }, (_, index) => (index * 37 + 11) & 0xff);
const seconds = at.getTime() / 1000;
const audience = 'https://vouchsafe.example';
const nonce = await sessionNonce(binding, nodeProvider);

function token(format, algorithm, mint, wantedAudience = null) {
  const issuer = createTokenIssuer(algorithm);
  const name = `https://issuer.example/${format}`;
  const session = { issuer: name, binding, issuedAt: seconds - 30, expiresAt: seconds + 300 };
  const text = mint(issuer, session);
  const trusted = () => [
    {
      kind: 'issuer',
      format,
      issuer: name,
      audience: wantedAudience,
      keys: { kind: 'jwks', keys: parseJwks(issuer.jwks) },
    },
  ];
  const tokens = text.startsWith('[') ? text.match(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g) : [text];
  return {
    format,
    path: `${format} (${algorithm})`,
    at,
    evidence: new TextEncoder().encode(text),
    endorsements: () => noEndorsements,
    roots: trusted,
    expectedBinding: binding,
    jwt: {
      tokens,
      jwks: issuer.jwks,
      names: { issuer: format === 'ear' ? null : name, audience: wantedAudience },
    },
  };
}

const payload = (of) => (issuer, session) => mintToken(issuer, of(session));

function tpmQuote() {
  const validity = { notBefore: new Date('2025-01-01'), notAfter: new Date('2035-01-01') };
  const [ca, ak] = [createSoftwareAkCa(validity), createSoftwareAk({ kind: 'ecdsa-p256' })];
  const pcrs = new Map(Array.from({ length: 8 }, (_, pcr) => [pcr, new Uint8Array(32).fill(pcr)]));
  const container = mintTpmQuote({ ak, ca, ...validity }, { pcrs, extraData: nonce });
  const provenance = {
    kind: 'certificate',
    intermediates: [],
    revocation: { kind: 'not-checked' },
  };
  return {
    format: 'tpm2-quote',
    path: 'tpm2-quote',
    at,
    evidence: new TextEncoder().encode(JSON.stringify(container)),
    endorsements: () => ({ format: 'tpm2-quote', provenance }),
    roots: () => [{ kind: 'certificate', der: ca.root.der }],
    expectedBinding: binding,
  };
}

export const mintFormats = () => [
  tpmQuote(),
  token(
    'azure-maa',
    'RS256',
    payload((session) => maaPayload(session, 'sevsnpvm')),
  ),
  token(
    'intel-trust-authority',
    'PS384',
    payload((session) => itaPayload(session, { tee: 'TDX', bind: 'held' })),
  ),
  token(
    'google-confidential-space',
    'RS256',
    payload((session) => confidentialSpacePayload(session, audience)),
    audience,
  ),
  token('nvidia-nras', 'ES384', (issuer, session) =>
    mintNrasResult(issuer, session, nonce, { 'GPU-0': nrasDevicePayload(session, nonce) }),
  ),
  token(
    'ear',
    'ES256',
    payload((session) => earPayload(session, 'ietf')),
  ),
];
