// Verifies an NRAS result: the overall token, each device's token under its digest, and that all are of one session.
// Must never read a device's token that the overall one does not name.

import { equalBytes } from '../../encoding/bytes.js';
import { decodeHex } from '../../encoding/hex.js';
import { EvidenceError } from '../../errors.js';
import { joinClaims } from '../../join-claims.js';
import type { ClaimReader } from '../../jose/claim-reader.js';
import { type TokenRules, type VerifiedToken, verifyToken } from '../../jose/verify-token.js';
import { mint } from '../../mint.js';
import type { ClaimValue, VerifiedClaims, VerifyInput } from '../../types.js';
import { checkBound, issuersOf, type NoEndorsements, tokenClaims } from '../token-format.js';
import { readDevice, type StatedDevice } from './claims.js';
import type { NrasEvidence, NrasSubmodule } from './parse.js';

type Input = VerifyInput<NrasEvidence, NoEndorsements>;

const rules: TokenRules = {
  format: 'nvidia-nras',
  algorithms: ['ES384'],
  types: ['JWT', null],
  expires: 'always',
  findIssuer: null,
};

function mismatch(why: string): EvidenceError {
  return new EvidenceError('submodule-mismatch', `NRAS result: ${why}`);
}

/** ["DIGEST", ["SHA-256", hex]]; older verifiers leave the hyphen out. */
function readDigest(submodules: ClaimReader, name: string): Uint8Array {
  const value = submodules.object[name];
  const pair =
    Array.isArray(value) && value.length === 2 && value[0] === 'DIGEST' ? value[1] : null;
  if (!Array.isArray(pair) || pair.length !== 2) throw submodules.invalid(name, 'a digest');
  const [algorithm, digest] = pair;
  if (algorithm !== 'SHA-256' && algorithm !== 'SHA256') {
    throw submodules.invalid(name, 'a digest by SHA-256');
  }
  if (typeof digest !== 'string' || !/^[0-9a-f]{64}$/.test(digest)) {
    throw submodules.invalid(name, '32 bytes in hex');
  }
  return decodeHex(digest);
}

async function checkDigests(overall: VerifiedToken, input: Input): Promise<void> {
  const submodules = overall.claims.getObject('submods');
  const { submodules: given } = input.evidence;
  if (submodules.names.length !== given.length) throw mismatch('devices are missing, or too many');
  for (const { name, text } of given) {
    if (!submodules.has(name)) throw mismatch('a device that the whole does not speak of');
    const seen = await input.provider.digest('sha256', new TextEncoder().encode(text));
    if (!equalBytes(seen, readDigest(submodules, name))) {
      throw mismatch('a device’s token is not the one whose digest was signed');
    }
  }
}

async function readSubmodule(
  { jws, name }: NrasSubmodule,
  overall: VerifiedToken,
  input: Input,
): Promise<{ readonly token: VerifiedToken; readonly device: StatedDevice }> {
  const { now, provider } = input;
  // From the very issuer of the whole: another one that is trusted too has nothing to say here.
  const token = await verifyToken({ jws, rules, issuers: [overall.issuer], now, provider });
  if (token.claims.getHex('eat_nonce', 32) !== overall.claims.getHex('eat_nonce', 32)) {
    throw mismatch('a device’s token is of another session');
  }
  return { token, device: readDevice(token.claims, name) };
}

function summary(devices: readonly StatedDevice[]): Record<string, ClaimValue> {
  const listed = (read: (device: StatedDevice) => string | null) =>
    [...new Set(devices.map((device) => read(device) ?? 'unstated'))].toSorted();
  return {
    device_count: devices.length,
    hwmodels: listed(({ model }) => model),
    driver_versions: listed(({ driverVersion }) => driverVersion),
    vbios_versions: listed(({ firmwareVersion }) => firmwareVersion),
    ueids: listed(({ ueid }) => ueid),
    measurement_results: listed(({ measurementResult }) => measurementResult),
    secure_boot: devices.every(({ secureBoot }) => secureBoot),
    failed_checks: [...new Set(devices.flatMap(({ failedChecks }) => failedChecks))].toSorted(),
  };
}

/** @throws EvidenceError at the first fault */
export async function verifyNrasResult(input: Input): Promise<VerifiedClaims> {
  const { evidence, roots, now, provider } = input;
  const issuers = issuersOf(roots);
  const overall = await verifyToken({ jws: evidence.overall, rules, issuers, now, provider });
  if (!overall.claims.getFlag('x-nvidia-overall-att-result')) {
    throw new EvidenceError('attestation-failed', 'NRAS result: NVIDIA says that it failed');
  }
  await checkDigests(overall, input);
  const tokens = [overall];
  const devices: StatedDevice[] = [];
  for (const submodule of evidence.submodules) {
    const { token, device } = await readSubmodule(submodule, overall, input);
    if (devices.some(({ ueid }) => ueid === device.ueid)) throw mismatch('one device twice');
    tokens.push(token);
    devices.push(device);
  }
  const nonce = overall.claims.getHex('eat_nonce', 32);
  const bound = { kind: 'nonce', bytes: decodeHex(nonce) } as const;
  const debug = devices.some((device) => device.debug);
  return mint({
    format: 'nvidia-nras',
    debug,
    binding: await checkBound(bound, input.expectedBinding, provider),
    tcbStatus: null,
    advisories: [],
    endorsementAges: { token: Math.max(...tokens.map(({ ageSeconds }) => ageSeconds)) },
    verifiedAt: now.toISOString(),
    values: joinClaims(
      tokenClaims(overall),
      { nonce, debug },
      summary(devices),
      ...devices.map(({ values }) => values),
    ),
  });
}
