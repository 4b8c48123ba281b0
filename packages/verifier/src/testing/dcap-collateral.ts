// Collateral of the software Intel: CRLs, TCB info and QE identity in the genuine formats, good and
// bad. Nothing here checks what it signs.

import { sign } from 'node:crypto';
import type { DcapEndorsements } from '../dcap/endorsements.js';
import { encodeHex } from '../encoding/hex.js';
import { type DcapCa, dcapNames } from './dcap-ca.js';
import { quotingEnclave } from './tdx-quote.js';
import { type MintCrlOptions, mintCrl } from './x509.js';

type JsonObject = Record<string, unknown>;

export interface MintCollateralOptions {
  /** Everything is issued at this time. */
  readonly now: Date;
  /** How long everything is valid. Intel gives 30 days. */
  readonly validForSeconds?: number;
  readonly evaluationNumber?: number;
  /** Changes the document, or returns another, before it is signed. */
  readonly tcbInfo?: (document: JsonObject) => JsonObject;
  readonly qeIdentity?: (document: JsonObject) => JsonObject;
  /** Changes the text before it is signed: for what no object can say. */
  readonly tcbInfoText?: (text: string) => string;
  readonly qeIdentityText?: (text: string) => string;
  readonly rootCaCrl?: Partial<MintCrlOptions>;
  readonly pckCrl?: Partial<MintCrlOptions>;
}

const levelDate = '2025-05-14T00:00:00Z';
const oldDate = '2023-08-09T00:00:00Z';

/** Genuine modules have zeros too: Intel signs them with no other key. */
const moduleIdentity = {
  mrsigner: '00'.repeat(48),
  attributes: '00'.repeat(8),
  attributesMask: 'FF'.repeat(8),
};

/** Collateral that fits the CA's platform and the quotes of mintTdxQuote, unless options say else. */
export function mintDcapCollateral(ca: DcapCa, options: MintCollateralOptions): DcapEndorsements {
  const until = new Date(options.now.getTime() + (options.validForSeconds ?? 30 * 86_400) * 1000);
  const dates = { issueDate: seconds(options.now), nextUpdate: seconds(until) };
  const number = options.evaluationNumber ?? 18;
  const tcbInfo = toText(tcbInfoOf(ca, dates, number), options.tcbInfo, options.tcbInfoText);
  const qeIdentity = toText(
    qeIdentityOf(dates, number),
    options.qeIdentity,
    options.qeIdentityText,
  );
  const crl = (issuer: 'root' | 'pckCa', overrides: Partial<MintCrlOptions> | undefined) =>
    mintCrl({
      issuer: dcapNames[issuer],
      thisUpdate: options.now,
      nextUpdate: until,
      revoked: [],
      signingKey: ca.keys[issuer],
      signatureAlgorithm: 'ecdsa-p256-sha256',
      ...overrides,
    });
  return {
    format: 'tdx-dcap',
    pckCrlIssuerChain: ca.chainPem('pckCa'),
    rootCaCrl: crl('root', options.rootCaCrl),
    pckCrl: crl('pckCa', options.pckCrl),
    tcbInfoIssuerChain: ca.chainPem('tcbSigning'),
    tcbInfo,
    tcbInfoSignature: signText(ca, tcbInfo),
    qeIdentityIssuerChain: ca.chainPem('tcbSigning'),
    qeIdentity,
    qeIdentitySignature: signText(ca, qeIdentity),
  };
}

function seconds(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

function toText(
  document: JsonObject,
  change: ((document: JsonObject) => JsonObject) | undefined,
  changeText: ((text: string) => string) | undefined,
): string {
  const text = JSON.stringify(change === undefined ? document : change(document));
  return changeText === undefined ? text : changeText(text);
}

function signText(ca: DcapCa, text: string): Uint8Array {
  const key = { key: ca.keys.tcbSigning, dsaEncoding: 'ieee-p1363' } as const;
  return new Uint8Array(sign('sha256', Buffer.from(text), key));
}

function tcbInfoOf(ca: DcapCa, dates: JsonObject, evaluationNumber: number): JsonObject {
  const sgx = ca.platform.sgxComponents;
  const tdx = [0, 0, 2, ...new Array<number>(13).fill(0)];
  const level = (components: readonly number[], verdict: JsonObject): JsonObject => ({
    tcb: {
      sgxtcbcomponents: components.map((svn) => ({ svn })),
      pcesvn: ca.platform.pceSvn,
      tdxtcbcomponents: tdx.map((svn) => ({ svn })),
    },
    ...verdict,
  });
  return {
    id: 'TDX',
    version: 3,
    ...dates,
    fmspc: encodeHex(ca.platform.fmspc).toUpperCase(),
    pceId: encodeHex(ca.platform.pceId),
    tcbType: 0,
    tcbEvaluationDataNumber: evaluationNumber,
    tdxModule: moduleIdentity,
    tdxModuleIdentities: [
      {
        id: 'TDX_01',
        ...moduleIdentity,
        tcbLevels: [
          { tcb: { isvsvn: 5 }, tcbDate: levelDate, tcbStatus: 'UpToDate' },
          { tcb: { isvsvn: 2 }, tcbDate: oldDate, tcbStatus: 'OutOfDate' },
        ],
      },
    ],
    tcbLevels: [
      level(sgx, { tcbDate: levelDate, tcbStatus: 'UpToDate' }),
      level(
        sgx.map((svn) => Math.max(0, svn - 1)),
        { tcbDate: oldDate, tcbStatus: 'OutOfDate', advisoryIDs: ['INTEL-SA-00001'] },
      ),
    ],
  };
}

function qeIdentityOf(dates: JsonObject, evaluationNumber: number): JsonObject {
  return {
    id: 'TD_QE',
    version: 2,
    ...dates,
    tcbEvaluationDataNumber: evaluationNumber,
    miscselect: '00000000',
    miscselectMask: 'FFFFFFFF',
    attributes: encodeHex(quotingEnclave.attributes),
    attributesMask: 'FBFFFFFFFFFFFFFF0000000000000000',
    mrsigner: encodeHex(quotingEnclave.mrSigner),
    isvprodid: quotingEnclave.isvProdId,
    tcbLevels: [
      { tcb: { isvsvn: quotingEnclave.isvSvn }, tcbDate: levelDate, tcbStatus: 'UpToDate' },
      {
        tcb: { isvsvn: 1 },
        tcbDate: oldDate,
        tcbStatus: 'OutOfDate',
        advisoryIDs: ['INTEL-SA-00002'],
      },
    ],
  };
}
