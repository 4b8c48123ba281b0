// A good token of any issuer, ways to spoil it, and what every format must refuse alike. Holds no test of its
// own: the name keeps it out of the published package.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { appraise } from '../appraise/appraise.js';
import { parseAppraisalPolicy, parseReferenceValues } from '../appraise/policy.js';
import { encodeBase64Url } from '../encoding/base64.js';
import type { EvidenceErrorCode } from '../errors.js';
import type { CryptoProvider } from '../provider.js';
import { nodeProvider } from '../provider-node.js';
import { noEndorsements } from '../tokens/token-format.js';
import type {
  EvidenceFormat,
  ExpectedBinding,
  TrustedIssuer,
  TrustedRoot,
  TrustVector,
  VerifiedClaims,
} from '../types.js';
import { parseEvidence, verifyEvidence } from '../verify.js';
import {
  createTokenIssuer,
  createTokenPki,
  mintToken,
  type TokenIssuer,
  type TokenMembers,
  tokenSegment,
} from './token-issuer.js';
import type { TokenSession } from './token-payloads.js';

export const now = new Date('2026-05-01T12:00:00Z');
export const nowSeconds = now.getTime() / 1000;
export const binding = Uint8Array.from({ length: 64 }, (_, index) => (index * 37 + 11) & 0xff);
export const bindingHex = Buffer.from(binding).toString('hex');

/** A session with this issuer, at the time of the tests. */
export const session = (issuer: string): TokenSession => ({
  issuer,
  binding,
  issuedAt: nowSeconds - 30,
  expiresAt: nowSeconds + 300,
});

/** What to do otherwise than in a good token. */
export interface Spoiled {
  /** Members to add or replace; undefined removes one. */
  readonly header?: TokenMembers;
  readonly payload?: TokenMembers;
  readonly signer?: TokenIssuer;
  /** The finished token, changed. */
  readonly token?: (token: string) => string;
  /** The finished evidence, changed. */
  readonly text?: (text: string) => string;
  readonly trusted?: Partial<TrustedIssuer>;
  readonly roots?: readonly TrustedRoot[];
  readonly now?: Date;
  readonly expectedBinding?: ExpectedBinding;
  readonly provider?: CryptoProvider;
}

export interface TokenScene {
  readonly format: EvidenceFormat;
  readonly issuer: TokenIssuer;
  readonly trusted: TrustedIssuer;
  readonly payload: TokenMembers;
  /** Whether tokens must have `exp`. */
  readonly expires: boolean;
  /** Puts a token into evidence, for formats that are more than one token. */
  readonly wrap?: (token: string) => string;
}

/** Without what is undefined. */
export function merged(base: TokenMembers, change: TokenMembers = {}): TokenMembers {
  return Object.fromEntries(
    Object.entries({ ...base, ...change }).filter(([, value]) => value !== undefined),
  );
}

export function textOf(scene: TokenScene, spoiled: Spoiled = {}): string {
  const signer = spoiled.signer ?? scene.issuer;
  const token = mintToken(signer, merged(scene.payload, spoiled.payload), spoiled.header ?? {});
  const changed = spoiled.token?.(token) ?? token;
  const text = scene.wrap?.(changed) ?? changed;
  return spoiled.text?.(text) ?? text;
}

export async function play(
  scene: TokenScene,
  spoiled: Spoiled = {},
  text = textOf(scene, spoiled),
): Promise<VerifiedClaims> {
  const trusted: TrustedIssuer = { ...scene.trusted, ...spoiled.trusted };
  return verifyEvidence({
    evidence: parseEvidence(text, scene.format),
    endorsements: noEndorsements,
    roots: spoiled.roots ?? [trusted],
    expectedBinding: spoiled.expectedBinding ?? binding,
    now: spoiled.now ?? now,
    provider: spoiled.provider ?? nodeProvider,
  });
}

export type Rows = readonly (readonly [sentence: string, EvidenceErrorCode, Spoiled])[];

export function refuses(scene: TokenScene, rows: Rows): void {
  describe(`${scene.format}: verify refuses`, () => {
    for (const [sentence, code, spoiled] of rows) {
      it(sentence, async () => {
        await assert.rejects(play(scene, spoiled), { name: 'EvidenceError', code });
      });
    }
  });
}

export type PolicyRows = readonly (readonly [
  sentence: string,
  policy: TokenMembers,
  codes: readonly string[],
  spoiled?: Spoiled,
])[];

/** Appraises the good token, or a spoiled one, by each policy. */
export function appraises(scene: TokenScene, rows: PolicyRows): void {
  describe(`${scene.format}: appraisal`, () => {
    for (const [sentence, members, codes, spoiled] of rows) {
      it(sentence, async () => {
        const formats = { [scene.format]: members };
        const policy = parseAppraisalPolicy({ name: 'p', formats });
        const { faults, status } = appraise(await play(scene, spoiled), policy, []);
        assert.deepEqual(
          faults.map(({ code }) => code),
          codes,
        );
        assert.equal(status === 'affirming', codes.length === 0);
      });
    }
  });
}

export type TrustRows = readonly (readonly [
  sentence: string,
  policy: TokenMembers,
  /** Elements that are not named here must be 0: no claim. */
  vector: Partial<TrustVector>,
  spoiled?: Spoiled,
  /** A reference set, if there are reference values. */
  reference?: TokenMembers,
])[];

/** Of what the result makes a claim, and of what it makes none. */
export function claimsTrust(scene: TokenScene, rows: TrustRows): void {
  describe(`${scene.format}: the trust vector`, () => {
    for (const [sentence, members, vector, spoiled, reference] of rows) {
      it(sentence, async () => {
        const formats = { [scene.format]: members };
        const policy = parseAppraisalPolicy({ name: 'p', formats });
        const sets = { name: 'r', kind: 'workload', format: scene.format, any_of: [reference] };
        const references = reference === undefined ? [] : [parseReferenceValues(sets)];
        const result = appraise(await play(scene, spoiled), policy, references);
        const claimed = Object.entries(result.trustVector).filter(([, value]) => value !== 0);
        assert.deepEqual(Object.fromEntries(claimed), vector);
        for (const [element, value] of Object.entries(result.trustVector)) {
          const reason = result.trustReasons[element as keyof TrustVector];
          assert.equal(reason === 'not appraised', value === 0, element);
          if (value > 0 && value < 32) assert.match(reason, /by the word of the issuer$/);
        }
      });
    }
  });
}

const part = (index: 0 | 1 | 2, change: (text: string) => string) => (token: string) => {
  const parts = token.split('.');
  parts[index] = change(parts[index] ?? '');
  return parts.join('.');
};
const json = (segment: string) => JSON.parse(Buffer.from(segment, 'base64url').toString());
const cut = (text: string) => Buffer.from(text, 'base64url').subarray(1).toString('base64url');
const flipped = (text: string) => (text[20] === 'A' ? 'B' : 'A');

/** Signed with the public key as if it were a secret: the classic confusion of algorithms. */
function signedWithPublicKey(scene: TokenScene) {
  return (token: string) => {
    const [, payload] = token.split('.');
    const header = tokenSegment({ alg: 'HS256', kid: scene.issuer.kid, typ: 'JWT' });
    const mac = createHmac('sha256', scene.issuer.jwks).update(`${header}.${payload}`).digest();
    return `${header}.${payload}.${encodeBase64Url(new Uint8Array(mac))}`;
  };
}

function headerRows(scene: TokenScene): Rows {
  const { algorithm, kid } = scene.issuer;
  const stranger = createTokenIssuer(algorithm, kid);
  const own = createTokenIssuer(algorithm, 'own');
  const [jwk] = JSON.parse(own.jwks).keys;
  const pki = createTokenPki({
    notBefore: new Date('2020-01-01'),
    notAfter: new Date('2040-01-01'),
  });
  const none = (token: string) => `${token.split('.').slice(0, 2).join('.')}.`;
  return [
    [
      'alg none without a signature',
      'unsupported-algorithm',
      { header: { alg: 'none' }, token: none },
    ],
    ['alg none with a signature', 'unsupported-algorithm', { header: { alg: 'none' } }],
    ['alg NONE', 'unsupported-algorithm', { header: { alg: 'NONE' } }],
    ['a MAC by the public key', 'unsupported-algorithm', { token: signedWithPublicKey(scene) }],
    [
      'an algorithm that the issuer does not use',
      'unsupported-algorithm',
      { header: { alg: 'RS512' } },
    ],
    ['no signature', 'signature-invalid', { token: none }],
    ['a kid that is not pinned', 'key-unknown', { header: { kid: 'other' } }],
    ['no kid, where the pinned key has one', 'key-unknown', { header: { kid: undefined } }],
    ['another key under the same kid', 'signature-invalid', { signer: stranger }],
    ['a key in the header', 'key-unknown', { signer: own, header: { jwk } }],
    [
      'a key in the header under the pinned kid',
      'signature-invalid',
      { signer: own, header: { jwk, kid } },
    ],
    ['certificates in the header', 'key-unknown', { signer: own, header: { x5c: pki.x5c } }],
    [
      'an address of keys in the header',
      'key-unknown',
      { signer: own, header: { jku: 'https://own' } },
    ],
    ['an address of certificates', 'key-unknown', { signer: own, header: { x5u: 'https://own' } }],
    ['a critical extension', 'header-not-allowed', { header: { crit: ['b64'], b64: true } }],
    ['another type', 'token-type', { header: { typ: 'at+jwt' } }],
    [
      'a header changed after signing',
      'signature-invalid',
      { token: part(0, (header) => tokenSegment({ ...json(header), extra: 1 })) },
    ],
    [
      'a payload changed after signing',
      'signature-invalid',
      { token: part(1, (payload) => tokenSegment({ ...json(payload), extra: 1 })) },
    ],
    [
      'a signature changed by one character',
      'signature-invalid',
      { token: part(2, (text) => text.slice(0, 20) + flipped(text) + text.slice(21)) },
    ],
    ['a signature cut short', 'signature-invalid', { token: part(2, cut) }],
    ['white space in it', 'malformed', { token: part(1, (text) => `${text} `) }],
  ];
}

function trustRows(scene: TokenScene): Rows {
  const { issuer, audience } = scene.trusted;
  const other: EvidenceFormat = scene.format === 'ear' ? 'azure-maa' : 'ear';
  const named = (name: string | undefined): Spoiled => ({ trusted: { issuer: name ?? '' } });
  const rows: Rows = [
    ['an issuer that is not trusted', 'issuer-untrusted', named('https://other.example')],
    ['an issuer whose name only begins like it', 'issuer-untrusted', named(issuer.slice(0, -1))],
    ['an issuer whose name goes on', 'issuer-untrusted', named(`${issuer}/`)],
    ['an issuer in another case', 'issuer-untrusted', named(issuer.toUpperCase())],
    ['an issuer trusted for another format', 'issuer-untrusted', { trusted: { format: other } }],
    ['no issuer trusted', 'issuer-untrusted', { roots: [] }],
    [
      'certificates trusted, and no issuer',
      'issuer-untrusted',
      { roots: [{ kind: 'certificate', der: new Uint8Array(8) }] },
    ],
    [
      'two issuers of one name and audience',
      'input-invalid',
      { roots: [scene.trusted, scene.trusted] },
    ],
    ['another audience', 'audience-mismatch', { payload: { aud: 'https://other.example' } }],
    [
      'two audiences, ours among them',
      'audience-mismatch',
      { payload: { aud: [audience ?? 'us', 'https://other.example'] } },
    ],
    ['an audience of nobody', 'audience-mismatch', { payload: { aud: [] } }],
    ['an audience of the wrong type', 'claim-invalid', { payload: { aud: 7 } }],
    [
      'an audience that is wanted',
      'audience-mismatch',
      { trusted: { audience: 'https://us.example' } },
    ],
  ];
  return rows;
}

function timeRows(scene: TokenScene): Rows {
  const at = (seconds: number) => ({ now: new Date((nowSeconds + seconds) * 1000) });
  return [
    ['a token at the second of its expiry', 'token-expired', at(300)],
    ['a token long expired', 'token-expired', at(31_536_000)],
    ['a token of next year', 'token-not-yet-valid', at(-31_536_000)],
    [
      'one issued 61 seconds from now',
      'token-not-yet-valid',
      { payload: { iat: nowSeconds + 61 } },
    ],
    ['one not valid for 61 seconds', 'token-not-yet-valid', { payload: { nbf: nowSeconds + 61 } }],
    ['no time of issue', 'claim-invalid', { payload: { iat: undefined } }],
    ['a time with a fraction', 'claim-invalid', { payload: { iat: nowSeconds - 0.5 } }],
    ['a time in a string', 'claim-invalid', { payload: { exp: String(nowSeconds + 300) } }],
    [
      'an expiry before the issue',
      'claim-invalid',
      { payload: { iat: nowSeconds + 50, exp: nowSeconds + 40 } },
    ],
    ['a time that is none', 'input-invalid', { now: new Date(Number.NaN) }],
    ...(scene.expires
      ? ([['no expiry', 'claim-invalid', { payload: { exp: undefined } }]] as const)
      : []),
  ];
}

const bindingRows: Rows = [
  [
    'a binding that differs in one bit',
    'binding-mismatch',
    { expectedBinding: binding.map((byte, index) => (index === 63 ? byte ^ 1 : byte)) },
  ],
  ['another binding', 'binding-mismatch', { expectedBinding: new Uint8Array(64) }],
  ['an expectation of 32 bytes', 'input-invalid', { expectedBinding: binding.slice(0, 32) }],
  ['an expectation of nothing', 'input-invalid', { expectedBinding: new Uint8Array() }],
];

/** Puts a member before the others of a header or payload, as text: objects cannot have one twice. */
const also = (index: 0 | 1, member: string) => ({
  token: part(index, (segment) => {
    const document = Buffer.from(segment, 'base64url').toString();
    return tokenSegment(document.replace('{', `{${member},`));
  }),
});
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** Nothing of these is looked at before a signature is: a reader that is not bounded comes first. */
const boundRows: Rows = [
  ['a header with a member twice', 'malformed', also(0, '"alg":"none"')],
  ['a payload with a member twice', 'malformed', also(1, '"iat":1')],
  [
    'a payload with a member twice deep inside',
    'malformed',
    also(1, '"deep":[{"a":{"b":1,"\\u0062":2}}]'),
  ],
  ['a header nested in lists', 'malformed', also(0, `"deep":${nested(4)}`)],
  ['a payload nested deeper than any', 'malformed', also(1, `"deep":${nested(13)}`)],
  ['a payload nested a thousand deep', 'malformed', also(1, `"deep":${nested(1000)}`)],
  ['a payload of too many values', 'malformed', also(1, `"many":[${'0,'.repeat(8192)}0]`)],
  ['a header of too many values', 'malformed', also(0, `"many":[${'0,'.repeat(64)}0]`)],
  ['a token that is longer than any', 'malformed', also(1, `"long":"${'a'.repeat(131_072)}"`)],
  ['a number in the header that is none', 'malformed', also(0, '"n":01')],
];

/** What every format refuses alike: some sixty rows, each on a token that is good but for one thing. */
export function refusesLikeEveryToken(scene: TokenScene): void {
  refuses(scene, [
    ...headerRows(scene),
    ...boundRows,
    ...trustRows(scene),
    ...timeRows(scene),
    ...bindingRows,
  ]);
  describe(`${scene.format}: verify refuses`, () => {
    const whole = mintToken(scene.issuer, scene.payload, {});
    const refused = (token: string, what: string) =>
      assert.rejects(
        play(scene, {}, scene.wrap?.(token) ?? token),
        { name: 'EvidenceError' },
        what,
      );

    it('a token cut at any length', async () => {
      for (let end = 0; end < whole.length - 1; end += 1) {
        await refused(whole.slice(0, end), `${end} of ${whole.length}`);
      }
    });

    it('a token with any character changed', async () => {
      for (let at = 0; at < whole.length; at += 7) {
        const other = whole[at] === 'A' ? 'Q' : 'A';
        await refused(whole.slice(0, at) + other + whole.slice(at + 1), `character ${at}`);
      }
    });
  });
}

/** Verified at the edges of what is allowed. */
export function acceptsLikeEveryToken(scene: TokenScene): void {
  describe(`${scene.format}: verify accepts`, () => {
    const rows: readonly (readonly [string, Spoiled])[] = [
      ['a good token', {}],
      ['a token from a clock 60 seconds ahead', { payload: { iat: nowSeconds + 60 } }],
      [
        'a key of its own in the header, which is not looked at',
        { header: { jwk: { kty: 'oct' } } },
      ],
      ['a member that nobody knows', { payload: { 'x-new': [1, 2] } }],
    ];
    for (const [sentence, spoiled] of rows) {
      it(sentence, async () => {
        const claims = await play(scene, spoiled);
        assert.equal(claims.format, scene.format);
        assert.equal(claims.binding, 'checked');
      });
    }

    it('a token that nobody asked to be bound, and says so', async () => {
      const claims = await play(scene, { expectedBinding: { binding: 'not-checked' } });
      assert.equal(claims.binding, 'not-checked');
    });

    it('finds the format by itself', () => {
      assert.equal(parseEvidence(textOf(scene), 'detect').format, scene.format);
    });
  });
}
