// Evidence and what its vendors say about it, minted: the quotes of an Intel CA and the chips of an AMD product. Tests only.
import {
  parseEvidence,
  type SgxEvidence,
  type SnpReport,
  type TdxEvidence,
} from '@vouchsafe/verifier';
import {
  createSoftwareAmd,
  type DcapCa,
  type MintSgxQuoteOptions,
  mintAmdCrl,
  mintSgxQuote,
  mintTdxQuote,
  mintVek,
  SnpSimulator,
  type SnpSimulatorOptions,
  type SoftwareAmd,
  type SoftwareAmdOptions,
} from '@vouchsafe/verifier/testing';
import type { SnpKey } from '../source.js';

export function tdxQuoteOf(ca: DcapCa, version: 4 | 5 = 5): TdxEvidence {
  return parseEvidence(mintTdxQuote(ca, { version, report: {} }), 'tdx-dcap') as TdxEvidence;
}

export function sgxQuoteOf(ca: DcapCa, options: Partial<MintSgxQuoteOptions>): SgxEvidence {
  const quote = mintSgxQuote(ca, { version: 3, report: {}, ...options });
  return parseEvidence(quote, 'sgx-dcap') as SgxEvidence;
}

export interface MintedChipsOptions extends SoftwareAmdOptions {
  readonly levels?: SnpSimulatorOptions['levels'];
}

/** Chips of one product, with one validity for all certificates. */
export class MintedChips {
  readonly amd: SoftwareAmd;
  readonly #options: MintedChipsOptions & Required<Pick<MintedChipsOptions, 'levels'>>;

  constructor(options: MintedChipsOptions) {
    this.#options = { levels: {}, ...options };
    this.amd = createSoftwareAmd(options);
  }

  reportOf(chipId: Uint8Array): SnpReport {
    const { levels, notBefore, notAfter } = this.#options;
    const { report } = SnpSimulator.create({
      amd: this.amd,
      chipId,
      levels,
      notBefore,
      notAfter,
    }).attest({ reportData: new Uint8Array(64), measurement: new Uint8Array(48) });
    return parseEvidence(report, 'sev-snp') as SnpReport;
  }

  /** DER of a VCEK, or of a VLEK. */
  certificateOf(hwid: Uint8Array, signer: 'vcek' | 'vlek' = 'vcek'): Uint8Array {
    const { levels, notBefore, notAfter } = this.#options;
    return mintVek(this.amd, { signer, levels, hwid, notBefore, notAfter }).der;
  }

  keyOf(hwid: Uint8Array): SnpKey {
    return { endorsementKey: this.certificateOf(hwid), authority: this.amd.ask.der };
  }

  /** An empty list of the ARK. */
  crl(thisUpdate: Date, nextUpdate: Date): Uint8Array {
    return mintAmdCrl(this.amd.ark, { thisUpdate, nextUpdate, revoked: [] });
  }
}

/** With any label, so that a test can be given the wrong one. */
export function pemText(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
