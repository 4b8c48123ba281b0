// Why this verifier and openssl may differ about a chain: two tables, everything that is not in them is
// an error. Holds no test of its own: the name keeps it out of the published package.

import { equalBytes } from '../encoding/bytes.js';
import type { EvidenceErrorCode } from '../errors.js';
import { parseCertificate } from '../pki/certificate.js';
import { parseCrl } from '../pki/crl.js';
import type { SpoiledChain } from './chain-mutations.test.js';
import type { ChainInput } from './chain-scenes.test.js';

interface Stricter {
  readonly why: string;
  readonly codes: readonly EvidenceErrorCode[];
  readonly when: (spoiled: SpoiledChain) => boolean;
}

const says =
  (pattern: RegExp) =>
  ({ what }: SpoiledChain): boolean =>
    pattern.test(what);
const isKind =
  (...kinds: readonly SpoiledChain['kind'][]) =>
  ({ kind }: SpoiledChain): boolean =>
    kinds.includes(kind);

/** openssl accepts, this verifier refuses. */
const stricter: readonly Stricter[] = [
  {
    why: 'a root that the chain brings has to be the pinned one; openssl takes its own instead',
    codes: ['chain-untrusted', 'chain-invalid'],
    when: ({ chain, root }) => !equalBytes(chain.at(-1) ?? root, root),
  },
  {
    why: 'a chain is in order; openssl picks from it what fits',
    codes: ['chain-invalid', 'chain-untrusted'],
    when: isKind('set'),
  },
  {
    why: 'each CRL of an issuer is checked and heeded; openssl picks the one that fits best',
    codes: ['crl-invalid', 'crl-expired', 'crl-not-yet-valid', 'certificate-revoked'],
    when: isKind('set'),
  },
  {
    why: 'strict DER, to the last byte; openssl reads BER, and ignores what follows it in PEM',
    codes: ['malformed', 'trailing-data'],
    when: isKind('bytes', 'tree'),
  },
  {
    why: 'names are compared by their DER; openssl ignores case, space and the type of string',
    codes: ['chain-invalid', 'crl-missing'],
    when: (spoiled) => isKind('tree')(spoiled) || says(/in other letters|a space before/)(spoiled),
  },
  {
    why: 'version 3 (CRLs: 2) alone; openssl reads the older ones',
    codes: ['unsupported-version'],
    when: () => true,
  },
  {
    why: 'a few algorithms and keys, and a curve with its own digest; openssl knows many',
    codes: ['unsupported-algorithm', 'public-key-invalid'],
    when: () => true,
  },
  {
    why: 'both places name one algorithm (RFC 5280 section 5.1.1.2); openssl looks at certificates alone',
    codes: ['malformed'],
    when: says(/names another algorithm/),
  },
  {
    why: 'no extension twice (RFC 5280 section 4.2), no empty list; openssl looks at those it knows',
    codes: ['malformed'],
    when: says(/one extension twice|has no number/),
  },
  {
    why: 'the end of a CRL is required (RFC 5280 section 5.1.2.5)',
    codes: ['malformed'],
    when: says(/has no end/),
  },
  {
    why: 'extensions that are acted on are read whole, also where openssl has no use for them',
    codes: ['malformed'],
    when: says(/identifier that is none|negative path length/),
  },
  {
    why: 'only complete lists of one issuer (RFC 5280 section 5.2), and no critical extension of an entry',
    codes: ['crl-invalid'],
    when: says(/difference|alone|some reasons|issuing point|another issuer|critical/),
  },
  {
    why: 'once on a list is revoked; openssl heeds "removed from the list"',
    codes: ['certificate-revoked'],
    when: says(/takes a link off/),
  },
  {
    why: 'no name constraints and no policies: what would heed them is not there',
    codes: ['chain-invalid'],
    when: says(/permits|policy/),
  },
  {
    why: "a CA's form is always checked; openssl does so with -x509_strict, which not every vendor passes",
    codes: ['chain-invalid'],
    when: says(/is a CA|path length|keyUsage|basicConstraints|may do nothing/),
  },
];

/** Why this verifier may refuse with this code what openssl accepts; null if nothing explains it. */
export function explainStricter(spoiled: SpoiledChain, code: EvidenceErrorCode): string | null {
  const row = stricter.find(({ codes, when }) => codes.includes(code) && when(spoiled));
  return row?.why ?? null;
}

interface Laxer {
  readonly why: string;
  /** All that openssl says, as the numbers of X509_V_ERR. */
  readonly errors: readonly number[];
  readonly when: (spoiled: SpoiledChain, good: ChainInput) => boolean;
}

function isLastSecond({ chain, crls, now }: SpoiledChain): boolean {
  const ends = [
    ...chain.map((each) => parseCertificate(each).notAfter),
    ...crls.map((each) => parseCrl(each).nextUpdate),
  ];
  return ends.some((end) => end.getTime() === now.getTime());
}

/** What verifyChain and verifyCrl act on. */
const actedOn = ['14', '15', '19', '30', '35'].map((last) => `2.5.29.${last}`);

/** Whether certificates differ in extensions alone that are never read here. */
function onlyUnreadExtensions({ chain }: SpoiledChain, good: ChainInput): boolean {
  return chain.every((each, index) => {
    const before = parseCertificate(good.chain[index] ?? each);
    const after = parseCertificate(each);
    const isAlike = actedOn.every((oid) => {
      const [one, other] = [before.extensions.get(oid), after.extensions.get(oid)];
      return one === undefined || other === undefined
        ? one === other
        : one.critical === other.critical && equalBytes(one.value, other.value);
    });
    return isAlike && equalBytes(before.subjectRaw, after.subjectRaw);
  });
}

/** openssl refuses, this verifier accepts. */
const laxer: readonly Laxer[] = [
  {
    why: 'the last second belongs to the validity (RFC 5280 section 4.1.2.5); openssl leaves it out',
    errors: [10, 12],
    when: isLastSecond,
  },
  {
    why: 'key identifiers may be missing: they are in the leaves of AMD and AWS',
    errors: [85, 86],
    when: () => true,
  },
  {
    why: 'a leaf may be without a name, as those of Google are: who uses the leaf looks at its names',
    errors: [84, 88],
    when: () => true,
  },
  {
    why: 'extensions that are not acted on are not read; openssl reads names and distribution points',
    errors: [2, 20, 21],
    when: onlyUnreadExtensions,
  },
];

/** Why this verifier may accept what openssl refuses in these words; null if nothing explains it. */
export function explainLaxer(
  spoiled: SpoiledChain,
  good: ChainInput,
  words: string,
): string | null {
  const errors = [...words.matchAll(/^error (\d+) at/gm)].map(([, number]) => Number(number));
  const row = laxer.find(
    (each) =>
      errors.length > 0 &&
      errors.every((error) => each.errors.includes(error)) &&
      each.when(spoiled, good),
  );
  return row?.why ?? null;
}
