// A simulated SEV-SNP machine on a software AMD: asks for nothing, attests to anything. For laptops
// and tests; a server accepts its root in development mode only.

import { createPrivateKey, type KeyObject } from 'node:crypto';
import { decodeBase64, encodeBase64 } from '../encoding/base64.js';
import { concatBytes } from '../encoding/bytes.js';
import { decodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { type SnpProduct, snpProducts } from '../snp/product.js';
import type { TcbPart } from '../snp/tcb.js';
import {
  type MintedAuthority,
  mintAmdCrl,
  mintSnpReport,
  mintVek,
  type SnpReportFields,
  type SoftwareAmd,
} from './snp.js';

export interface SnpSimulatorOptions {
  readonly amd: SoftwareAmd;
  /** 64 bytes; for Turin all but the first 8 are zero. */
  readonly chipId: Uint8Array;
  readonly levels: Readonly<Partial<Record<TcbPart, number>>>;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface SimulatedSnpEvidence {
  readonly report: Uint8Array;
  /** As a host hands it over: see snpEndorsementsFromTable. */
  readonly certificateTable: Uint8Array;
}

type Fields = Pick<SnpReportFields, 'reportData' | 'measurement'> &
  Partial<Pick<SnpReportFields, 'hostData' | 'guestSvn' | 'policy' | 'vmpl' | 'platformInfo'>>;

const guids = {
  vcek: '63da758de6644564adc5f4b93be8accd',
  ask: '4ab7b379bbac4fe4a02f05aef327c782',
} as const;

/** The table of an extended report (SEV-ES GHCB protocol 2.03, section 4.1.8.1). */
export function encodeCertificateTable(
  entries: readonly (readonly [guid: string, certificate: Uint8Array])[],
): Uint8Array {
  let offset = 24 * (entries.length + 1);
  const headers = entries.map(([guid, certificate]) => {
    const header = new Uint8Array(24);
    const view = new DataView(header.buffer);
    header.set(decodeHex(guid));
    view.setUint32(16, offset, true);
    view.setUint32(20, certificate.length, true);
    offset += certificate.length;
    return header;
  });
  return concatBytes(...headers, new Uint8Array(24), ...entries.map(([, data]) => data));
}

/** One chip with one VCEK. */
export class SnpSimulator {
  readonly #options: SnpSimulatorOptions;
  readonly #key: KeyObject;
  readonly #table: Uint8Array;

  constructor(options: SnpSimulatorOptions) {
    const { amd, chipId, levels, notBefore, notAfter } = options;
    const hwid = chipId.subarray(0, amd.product === 'turin' ? 8 : 64);
    const key = mintVek(amd, { signer: 'vcek', levels, hwid, notBefore, notAfter });
    this.#options = options;
    this.#key = key.privateKey;
    this.#table = encodeCertificateTable([
      [guids.vcek, key.der],
      [guids.ask, amd.ask.der],
    ]);
  }

  /** A version 5 report of a guest with this measurement. */
  attest(fields: Fields): SimulatedSnpEvidence {
    const { amd, chipId, levels } = this.#options;
    const { product } = amd;
    const report = mintSnpReport(
      { version: 5, product, signer: 'vcek', chipId, levels, ...fields },
      this.#key,
    );
    return { report, certificateTable: this.#table };
  }

  /** The root's list, with nothing revoked. */
  crl(validity: { readonly thisUpdate: Date; readonly nextUpdate: Date }): Uint8Array {
    return mintAmdCrl(this.#options.amd.ark, { ...validity, revoked: [] });
  }
}

const authorities = ['ark', 'ask', 'asvk'] as const;

/** The whole software AMD, private keys too, as JSON: one to share among processes on a laptop. */
export function serializeSoftwareAmd(amd: SoftwareAmd): string {
  const entries = authorities.map((which) => {
    const { der, privateKey, name } = amd[which];
    const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
    return [which, { name, der: encodeBase64(der), pkcs8: encodeBase64(pkcs8) }];
  });
  return JSON.stringify({ product: amd.product, ...Object.fromEntries(entries) });
}

function member(value: unknown, name: string): unknown {
  const found = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return found.find(([key]) => key === name)?.[1];
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new EvidenceError('malformed', 'software AMD: no text');
  return value;
}

function parseAuthority(value: unknown): MintedAuthority {
  const names = Object.entries(member(value, 'name') ?? {});
  const pkcs8 = Buffer.from(decodeBase64(text(member(value, 'pkcs8'))));
  return {
    name: Object.fromEntries(names.map(([attribute, part]) => [attribute, text(part)])),
    der: decodeBase64(text(member(value, 'der'))),
    privateKey: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }),
  };
}

/** What serializeSoftwareAmd wrote. @throws EvidenceError 'malformed', or what node throws on keys */
export function parseSoftwareAmd(json: string): SoftwareAmd {
  const value: unknown = JSON.parse(json);
  const product = snpProducts.find((known: SnpProduct) => known === member(value, 'product'));
  if (product === undefined) throw new EvidenceError('malformed', 'software AMD: no product');
  return {
    product,
    ark: parseAuthority(member(value, 'ark')),
    ask: parseAuthority(member(value, 'ask')),
    asvk: parseAuthority(member(value, 'asvk')),
  };
}
