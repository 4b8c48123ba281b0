// Collateral of the software Intel: CRLs, TCB info and QE identity in the genuine formats, good and
// bad. Nothing here checks what it signs.

import { sign } from 'node:crypto';
import type { DcapEndorsements } from '../dcap/endorsements.js';
import { encodeHex } from '../encoding/hex.js';
import { type DcapCa, dcapNames } from './dcap-ca.js';
import { type MintedTee, quotingEnclaves } from './dcap-quote.js';
import { type MintCrlOptions, mintCrl } from './x509.js';

type JsonObject = Record<string, unknown>;

export interface MintCollateralOptions {
  /** Everything is issued at this time. */
  readonly now: Date;
  /** What it is about; TDX if it does not say. */
  readonly tee?: MintedTee;
  /** Of the TCB info: version 2, for SGX only, spells components out and has no id. */
  readonly tcbInfoVersion?: 2 | 3;
  /** For quotes that do not carry the chain of their PCK. */
  readonly pckCertificateChain?: string;
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

/** Collateral that fits the CA's platform and the minted quotes, unless options say else. */
export function mintDcapCollateral(ca: DcapCa, options: MintCollateralOptions): DcapEndorsements {
  const until = new Date(options.now.getTime() + (options.validForSeconds ?? 30 * 86_400) * 1000);
  const dates = { issueDate: seconds(options.now), nextUpdate: seconds(until) };
  const number = options.evaluationNumber ?? 18;
  const tee = options.tee ?? 'TDX';
  const members = { ...dates, tcbEvaluationDataNumber: number };
  const document = tcbInfoOf(ca, tee, options.tcbInfoVersion ?? 3, members);
  const tcbInfo = toText(document, options.tcbInfo, options.tcbInfoText);
  const qeIdentity = toText(qeIdentityOf(tee, members), options.qeIdentity, options.qeIdentityText);
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
    format: 'dcap',
    pckCertificateChain: options.pckCertificateChain ?? null,
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

type SgxComponents = readonly number[];

/** One level, as the version of the document spells it. */
function levelOf(ca: DcapCa, tee: MintedTee, version: 2 | 3, sgx: SgxComponents): JsonObject {
  const { pceSvn: pcesvn } = ca.platform;
  if (version === 2) {
    const named = sgx.map((svn, i) => [`sgxtcbcomp${String(i + 1).padStart(2, '0')}svn`, svn]);
    return { ...Object.fromEntries(named), pcesvn };
  }
  const tdx = [0, 0, 2, ...new Array<number>(13).fill(0)];
  return {
    sgxtcbcomponents: sgx.map((svn) => ({ svn })),
    pcesvn,
    ...(tee === 'TDX' ? { tdxtcbcomponents: tdx.map((svn) => ({ svn })) } : {}),
  };
}

const tdxModules = {
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
};

function tcbInfoOf(ca: DcapCa, tee: MintedTee, version: 2 | 3, members: JsonObject): JsonObject {
  const { sgxComponents: sgx } = ca.platform;
  const lower = sgx.map((svn) => Math.max(0, svn - 1));
  return {
    ...(version === 2 ? {} : { id: tee }),
    version,
    ...members,
    fmspc: encodeHex(ca.platform.fmspc).toUpperCase(),
    pceId: encodeHex(ca.platform.pceId),
    tcbType: 0,
    ...(tee === 'TDX' ? tdxModules : {}),
    tcbLevels: [
      { tcb: levelOf(ca, tee, version, sgx), tcbDate: levelDate, tcbStatus: 'UpToDate' },
      {
        tcb: levelOf(ca, tee, version, lower),
        tcbDate: oldDate,
        tcbStatus: 'OutOfDate',
        advisoryIDs: ['INTEL-SA-00001'],
      },
    ],
  };
}

function qeIdentityOf(tee: MintedTee, members: JsonObject): JsonObject {
  const enclave = quotingEnclaves[tee];
  return {
    id: tee === 'TDX' ? 'TD_QE' : 'QE',
    version: 2,
    ...members,
    miscselect: '00000000',
    miscselectMask: 'FFFFFFFF',
    attributes: encodeHex(enclave.attributes),
    attributesMask: 'FBFFFFFFFFFFFFFF0000000000000000',
    mrsigner: encodeHex(enclave.mrSigner),
    isvprodid: enclave.isvProdId,
    tcbLevels: [
      { tcb: { isvsvn: enclave.isvSvn }, tcbDate: levelDate, tcbStatus: 'UpToDate' },
      {
        tcb: { isvsvn: 1 },
        tcbDate: oldDate,
        tcbStatus: 'OutOfDate',
        advisoryIDs: ['INTEL-SA-00002'],
      },
    ],
  };
}
