// Intel's identity of its quoting enclaves (PCS API v4, "Get QE Identity"), and whether a QE report
// fits it. Signature and validity of the document are collateral.ts's business.

import { equalBytes } from '../encoding/bytes.js';
import { parseStrictJson } from '../encoding/strict-json.js';
import { EvidenceError } from '../errors.js';
import type { EnclaveReport } from './enclave-report.js';
import { bytesAt, countAt, invalid, objectAt, textAt, timeAt } from './json-fields.js';
import { collateralJsonLimits, readSvnLevels, type SvnLevel } from './tcb-info.js';

export interface QeIdentity {
  /** QE for SGX quotes, TD_QE for TDX quotes. */
  readonly id: 'QE' | 'TD_QE';
  readonly issueDate: Date;
  readonly nextUpdate: Date;
  readonly evaluationNumber: number;
  readonly miscSelect: Uint8Array;
  readonly miscSelectMask: Uint8Array;
  readonly attributes: Uint8Array;
  readonly attributesMask: Uint8Array;
  readonly mrSigner: Uint8Array;
  readonly isvProdId: number;
  readonly levels: readonly SvnLevel[];
}

/** @throws EvidenceError 'collateral-invalid' | 'malformed' (not strict JSON) */
export function parseQeIdentity(text: string): QeIdentity {
  const path = 'QE identity';
  const identity = objectAt(parseStrictJson(text, path, collateralJsonLimits).value, path);
  const version = countAt(identity.version, `${path} version`, 0xffff);
  if (version !== 2) throw invalid(`${path} version`, `${version}, want 2`);
  const id = textAt(identity.id, `${path} id`);
  if (id !== 'QE' && id !== 'TD_QE') throw invalid(`${path} id`, 'want QE or TD_QE');
  return {
    id,
    issueDate: timeAt(identity.issueDate, `${path} issueDate`),
    nextUpdate: timeAt(identity.nextUpdate, `${path} nextUpdate`),
    evaluationNumber: countAt(identity.tcbEvaluationDataNumber, `${path} evaluation number`, 1e9),
    // miscselect is a number written in hex, so its text is the reverse of its bytes in a report.
    miscSelect: bytesAt(identity.miscselect, `${path} miscselect`, 4).reverse(),
    miscSelectMask: bytesAt(identity.miscselectMask, `${path} miscselectMask`, 4).reverse(),
    attributes: bytesAt(identity.attributes, `${path} attributes`, 16),
    attributesMask: bytesAt(identity.attributesMask, `${path} attributesMask`, 16),
    mrSigner: bytesAt(identity.mrsigner, `${path} mrsigner`, 32),
    isvProdId: countAt(identity.isvprodid, `${path} isvprodid`, 0xffff),
    levels: readSvnLevels(identity.tcbLevels, `${path} tcbLevels`),
  };
}

/**
 * Checks that a report is of the enclave that the identity describes, whatever its version.
 * @throws EvidenceError 'qe-identity-mismatch'
 */
export function checkQeIdentity(report: EnclaveReport, identity: QeIdentity): void {
  const differs = (field: string): EvidenceError =>
    new EvidenceError('qe-identity-mismatch', `QE report: ${field} is not that of Intel's enclave`);
  if (!equalBytes(report.mrSigner, identity.mrSigner)) throw differs('MRSIGNER');
  if (report.isvProdId !== identity.isvProdId) throw differs('ISVPRODID');
  if (!equalsMasked(report.miscSelect, identity.miscSelect, identity.miscSelectMask)) {
    throw differs('MISCSELECT');
  }
  if (!equalsMasked(report.attributes, identity.attributes, identity.attributesMask)) {
    throw differs('ATTRIBUTES');
  }
}

/** Whether `value` has what `wanted` says in the bits of `mask`. Not constant time: all public. */
export function equalsMasked(value: Uint8Array, wanted: Uint8Array, mask: Uint8Array): boolean {
  if (value.length !== wanted.length || value.length !== mask.length) return false;
  return value.every((byte, i) => (byte & (mask[i] ?? 0xff)) === (wanted[i] ?? 0));
}
