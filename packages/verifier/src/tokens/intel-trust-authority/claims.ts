// What a verified Intel Trust Authority token says (docs.trustauthority.intel.com, "Attestation tokens": the flat
// form of one attester), under the names that the claims of quotes have.

import { decodeBase64 } from '../../encoding/base64.js';
import { concatBytes, equalBytes } from '../../encoding/bytes.js';
import { decodeHex } from '../../encoding/hex.js';
import type { JsonObject } from '../../encoding/strict-json.js';
import { EvidenceError } from '../../errors.js';
import type { StatedClaims } from '../../join-claims.js';
import { ClaimReader } from '../../jose/claim-reader.js';
import type { VerifiedToken } from '../../jose/verify-token.js';
import type { CryptoProvider } from '../../provider.js';
import type { TcbStatus } from '../../types.js';
import { parseTcbStatus, tcbClaim } from '../stated-tcb.js';
import { isDebugStatus, readStatedTd } from '../tdx-profile.js';
import type { Bound, TokenFacts } from '../token-format.js';

interface StatedTee {
  readonly debug: boolean;
  readonly reportData: Uint8Array;
  /** How REPORT_DATA is made of what the attester held: Intel's clients differ by TEE. */
  readonly digest: 'sha256' | 'sha512';
  readonly values: StatedClaims;
}

const policiesMax = 64;

function readSgx(claims: ClaimReader): StatedTee {
  const reportData = claims.getHex('sgx_report_data', 64);
  return {
    debug: claims.getFlag('sgx_is_debuggable'),
    reportData: decodeHex(reportData),
    digest: 'sha256',
    values: {
      tee: 'sgx',
      mrenclave: claims.getHex('sgx_mrenclave', 32),
      mrsigner: claims.getHex('sgx_mrsigner', 32),
      isvprodid: claims.getCount('sgx_isvprodid'),
      isvsvn: claims.getCount('sgx_isvsvn'),
      report_data: reportData,
    },
  };
}

function readTee(claims: ClaimReader): StatedTee {
  switch (claims.getText('attester_type')) {
    case 'SGX':
      return readSgx(claims);
    case 'TDX':
      return { ...readStatedTd(claims), digest: 'sha512' };
    default:
      throw claims.invalid('attester_type', 'SGX or TDX');
  }
}

/** Policies by id: older tokens list the ids, newer ones objects with an id, a version and a hash. */
function policyIds(claims: ClaimReader, name: string): readonly string[] {
  const value = claims.object[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > policiesMax) throw claims.invalid(name, 'a list');
  return value.map((item: unknown) => {
    if (typeof item === 'string' && item !== '') return item;
    if (typeof item !== 'object' || item === null) throw claims.invalid(name, 'policy ids');
    return new ClaimReader(item as JsonObject, name).getText('id');
  });
}

/**
 * What the attester held, of which REPORT_DATA must be the digest, together with the service's nonce if
 * there was one; or REPORT_DATA itself if it held nothing.
 */
async function readBound(
  claims: ClaimReader,
  tee: StatedTee,
  provider: CryptoProvider,
): Promise<Bound> {
  const held = claims.findText('attester_held_data');
  const nonce = claims.findObject('verifier_nonce');
  if (held === null) {
    if (nonce === null) return { kind: 'binding', bytes: tee.reportData };
    throw claims.invalid('attester_held_data', 'the data beside the nonce');
  }
  const bytes = decodeBase64(held);
  const parts =
    nonce === null
      ? [bytes]
      : [decodeBase64(nonce.getText('val')), decodeBase64(nonce.getText('iat')), bytes];
  const digest = await provider.digest(tee.digest, concatBytes(...parts));
  const padding = new Uint8Array(tee.reportData.length - digest.length);
  if (!equalBytes(concatBytes(digest, padding), tee.reportData)) {
    throw new EvidenceError('claim-invalid', 'token: REPORT_DATA is not the digest of held data');
  }
  return { kind: 'binding', bytes };
}

function statusOf(claims: ClaimReader): TcbStatus | null {
  const status = claims.findText('attester_tcb_status');
  return status === null ? null : parseTcbStatus(status);
}

/** @throws EvidenceError 'claim-invalid' | 'tcb-revoked' | 'malformed' */
export async function readItaFacts(
  { claims }: VerifiedToken,
  provider: CryptoProvider,
): Promise<TokenFacts> {
  const tee = readTee(claims);
  const tcbStatus = statusOf(claims);
  const advisories = claims.findTexts('attester_advisory_ids') ?? [];
  const dbgstat = claims.getText('dbgstat');
  return {
    debug: tee.debug || isDebugStatus(dbgstat),
    tcbStatus,
    advisories,
    bound: await readBound(claims, tee, provider),
    values: [
      tee.values,
      tcbClaim(tcbStatus),
      {
        tcb_date: claims.findText('attester_tcb_date'),
        advisories,
        dbgstat,
        eat_profile: claims.findText('eat_profile'),
        policy_ids_matched: policyIds(claims, 'policy_ids_matched'),
        policy_ids_unmatched: policyIds(claims, 'policy_ids_unmatched'),
      },
    ],
  };
}
