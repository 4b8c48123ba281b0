// A simulated SEV-SNP machine on a software AMD: asks for nothing, attests to anything. For laptops
// and tests; a server accepts its root in development mode only.

import { decodeBase64, encodeBase64 } from '../encoding/base64.js';
import { concatBytes } from '../encoding/bytes.js';
import { decodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { type SnpProduct, snpProducts } from '../snp/product.js';
import { type TcbPart, tcbLayoutOf } from '../snp/tcb.js';
import { type CertifiedKey, readSavedKey, savedMember, savedText, saveKey } from './saved-keys.js';
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

type Levels = SnpSimulatorOptions['levels'];

/** One chip with one VCEK. */
export class SnpSimulator {
  readonly amd: VcekAuthorities;
  /** 64 bytes, as reports state it. */
  readonly chipId: Uint8Array;
  /** The VCEK. */
  readonly endorsementKey: CertifiedKey;
  readonly #levels: Levels;
  readonly #table: Uint8Array;

  private constructor(
    amd: VcekAuthorities,
    chipId: Uint8Array,
    levels: Levels,
    endorsementKey: CertifiedKey,
  ) {
    this.amd = amd;
    this.chipId = chipId;
    this.endorsementKey = endorsementKey;
    this.#levels = levels;
    this.#table = encodeCertificateTable([
      [guids.vcek, endorsementKey.der],
      [guids.ask, amd.ask.der],
    ]);
  }

  static create(options: SnpSimulatorOptions): SnpSimulator {
    const { amd, chipId, levels, notBefore, notAfter } = options;
    const hwid = chipId.subarray(0, amd.product === 'turin' ? 8 : 64);
    const key = mintVek(amd, { signer: 'vcek', levels, hwid, notBefore, notAfter });
    return new SnpSimulator(amd, chipId, levels, key);
  }

  /** A version 5 report of a guest with this measurement. */
  attest(fields: Fields): SimulatedSnpEvidence {
    const { amd, chipId, endorsementKey } = this;
    const { product } = amd;
    const report = mintSnpReport(
      { version: 5, product, signer: 'vcek', chipId, levels: this.#levels, ...fields },
      endorsementKey.privateKey,
    );
    return { report, certificateTable: this.#table };
  }

  /** The root's list, with nothing revoked. */
  crl(validity: { readonly thisUpdate: Date; readonly nextUpdate: Date }): Uint8Array {
    return mintAmdCrl(this.amd.ark, { ...validity, revoked: [] });
  }

  /** Chip and vendor, private keys too, so that another process can mint evidence as well. */
  toJson(): string {
    const entries = authorities.map((which) => {
      const authority = this.amd[which];
      return [which, { name: authority.name, ...saveKey(authority) }];
    });
    return JSON.stringify({
      product: this.amd.product,
      ...Object.fromEntries(entries),
      vcek: saveKey(this.endorsementKey),
      chip_id: encodeBase64(this.chipId),
      levels: this.#levels,
    });
  }

  /** Reads what toJson wrote. @throws EvidenceError 'malformed', or what node throws on keys */
  static fromJson(text: string): SnpSimulator {
    const value: unknown = JSON.parse(text);
    const product = snpProducts.find(
      (known: SnpProduct) => known === savedMember(value, 'product'),
    );
    if (product === undefined) throw new EvidenceError('malformed', 'software AMD: no product');
    const amd = {
      product,
      ark: readAuthority(savedMember(value, 'ark')),
      ask: readAuthority(savedMember(value, 'ask')),
    };
    const chipId = decodeBase64(savedText(savedMember(value, 'chip_id')));
    const levels = readLevels(savedMember(value, 'levels'), product);
    return new SnpSimulator(amd, chipId, levels, readSavedKey(savedMember(value, 'vcek')));
  }
}

/** Those over a VCEK. */
const authorities = ['ark', 'ask'] as const;
type VcekAuthorities = Pick<SoftwareAmd, 'product' | (typeof authorities)[number]>;

function readAuthority(value: unknown): MintedAuthority {
  const names = Object.entries(savedMember(value, 'name') ?? {});
  const name = Object.fromEntries(names.map(([attribute, part]) => [attribute, savedText(part)]));
  return { name, ...readSavedKey(value) };
}

function readLevels(value: unknown, product: SnpProduct): Levels {
  const levels: Partial<Record<TcbPart, number>> = {};
  for (const part of Object.keys(tcbLayoutOf(product))) {
    const level = savedMember(value, part);
    if (typeof level === 'number') levels[part as TcbPart] = level;
  }
  return levels;
}
