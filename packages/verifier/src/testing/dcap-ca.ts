// A software Intel: root, PCK CA, TCB signing key and one platform with its quoting enclave, all with
// keys of one's own. For tests and the simulated TEE: evidence that this signs proves nothing.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { decodeBase64, encodeBase64 } from '../encoding/base64.js';
import { decodeHex } from '../encoding/hex.js';
import { encodePem } from '../encoding/pem.js';
import type { ChainRoot } from '../pki/chain.js';
import { type PckFields, pckExtension } from './pck-extension.js';
import { type MintCertificateOptions, type MintedName, mintCertificate } from './x509.js';

export const dcapCertificateKinds = ['root', 'pckCa', 'tcbSigning', 'pck'] as const;
export type DcapCertificateKind = (typeof dcapCertificateKinds)[number];
/** The attestation key is the quoting enclave's: it has no certificate, only a QE report. */
const keyKinds = [...dcapCertificateKinds, 'attestation'] as const;
type KeyKind = (typeof keyKinds)[number];

export interface DcapCaOptions {
  /** Certificates are valid from a day before this time for ten years. */
  readonly now: Date;
  /** Replaces fields of the platform that the PCK certificate states. */
  readonly platform?: Partial<PckFields>;
  /** Replaces fields of certificates before they are signed. */
  readonly certificates?: Readonly<
    Partial<Record<DcapCertificateKind, Partial<MintCertificateOptions>>>
  >;
}

const organisation = { O: 'Simulated, not Intel', C: 'XX' };
/** Common names are Intel's, for verifiers go by them. */
export const dcapNames: Readonly<Record<DcapCertificateKind, MintedName>> = {
  root: { CN: 'Intel SGX Root CA', ...organisation },
  pckCa: { CN: 'Intel SGX PCK Platform CA', ...organisation },
  tcbSigning: { CN: 'Intel SGX TCB Signing', ...organisation },
  pck: { CN: 'Intel SGX PCK Certificate', ...organisation },
};

export const dcapSerials: Readonly<Record<DcapCertificateKind, number>> = {
  root: 0x5101,
  pckCa: 0x5102,
  tcbSigning: 0x5103,
  pck: 0x5104,
};

const issuers: Readonly<Record<DcapCertificateKind, DcapCertificateKind>> = {
  root: 'root',
  pckCa: 'root',
  tcbSigning: 'root',
  pck: 'pckCa',
};

const defaultPlatform: PckFields = {
  ppid: decodeHex('00112233445566778899aabbccddeeff'),
  sgxComponents: [2, 2, 2, 2, 3, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0],
  pceSvn: 11,
  cpuSvn: decodeHex('02020202030100050000000000000000'),
  pceId: decodeHex('0000'),
  fmspc: decodeHex('f0f1f2000000'),
  platformInstanceId: decodeHex('ffeeddccbbaa99887766554433221100'),
  dynamicPlatform: true,
  cachedKeys: true,
  smtEnabled: true,
};

const dayMs = 86_400_000;

/** Private keys and certificates in one text; whoever has it can forge this CA's evidence. */
interface SavedCa {
  readonly format: 'vouchsafe-simulated-dcap-ca';
  readonly keys: Readonly<Record<KeyKind, string>>;
  readonly certificates: Readonly<Record<DcapCertificateKind, string>>;
  readonly platform: Readonly<Record<string, unknown>>;
}

export class DcapCa {
  readonly keys: Readonly<Record<KeyKind, KeyObject>>;
  /** DER. */
  readonly certificates: Readonly<Record<DcapCertificateKind, Uint8Array>>;
  readonly platform: PckFields;

  private constructor(
    keys: Readonly<Record<KeyKind, KeyObject>>,
    certificates: Readonly<Record<DcapCertificateKind, Uint8Array>>,
    platform: PckFields,
  ) {
    this.keys = keys;
    this.certificates = certificates;
    this.platform = platform;
  }

  static create(options: DcapCaOptions): DcapCa {
    const keys = mapKinds(
      keyKinds,
      () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    );
    const platform = { ...defaultPlatform, ...options.platform };
    const certificates = mapKinds(dcapCertificateKinds, (kind) => {
      const fields = certificateFields(kind, keys, platform, options.now);
      return mintCertificate({ ...fields, ...options.certificates?.[kind] });
    });
    return new DcapCa(keys, certificates, platform);
  }

  /** Reads what toJson wrote. */
  static fromJson(text: string): DcapCa {
    const saved = JSON.parse(text) as SavedCa;
    if (saved.format !== 'vouchsafe-simulated-dcap-ca') {
      throw new TypeError('not a simulated DCAP CA');
    }
    const platform = Object.fromEntries(
      Object.entries(saved.platform).map(([name, value]) => [
        name,
        typeof value === 'string' ? decodeBase64(value) : value,
      ]),
    );
    return new DcapCa(
      mapKinds(keyKinds, (kind) => createPrivateKey(saved.keys[kind])),
      mapKinds(dcapCertificateKinds, (kind) => decodeBase64(saved.certificates[kind])),
      platform as unknown as PckFields,
    );
  }

  /** Everything, private keys included, so that another process can mint evidence too. */
  toJson(): string {
    const platform = Object.entries(this.platform).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? encodeBase64(value) : value,
    ]);
    const saved: SavedCa = {
      format: 'vouchsafe-simulated-dcap-ca',
      keys: mapKinds(keyKinds, (kind) =>
        this.keys[kind].export({ type: 'pkcs8', format: 'pem' }).toString(),
      ),
      certificates: mapKinds(dcapCertificateKinds, (kind) => encodeBase64(this.certificates[kind])),
      platform: Object.fromEntries(platform) as Readonly<Record<string, unknown>>,
    };
    return JSON.stringify(saved, null, 2);
  }

  /** For verify(): trusts this CA. Never to be put beside genuine roots outside of development. */
  get roots(): readonly ChainRoot[] {
    return [{ kind: 'certificate', der: this.certificates.root }];
  }

  /** PEM, leaf first, root last. */
  chainPem(leaf: DcapCertificateKind): string {
    const pem = encodePem('CERTIFICATE', this.certificates[leaf]);
    return leaf === 'root' ? pem : pem + this.chainPem(issuers[leaf]);
  }
}

function certificateFields(
  kind: DcapCertificateKind,
  keys: Readonly<Record<KeyKind, KeyObject>>,
  platform: PckFields,
  now: Date,
): MintCertificateOptions {
  const ca = kind === 'root' || kind === 'pckCa';
  return {
    subject: dcapNames[kind],
    issuer: dcapNames[issuers[kind]],
    serial: dcapSerials[kind],
    notBefore: new Date(now.getTime() - dayMs),
    notAfter: new Date(now.getTime() + 3652 * dayMs),
    publicKey: createPublicKey(keys[kind]),
    signingKey: keys[issuers[kind]],
    signatureAlgorithm: 'ecdsa-p256-sha256',
    ca,
    ...(kind === 'pckCa' ? { pathLength: 0 } : {}),
    ...(ca ? {} : { keyUsageBits: 0xc0 }),
    extensions: kind === 'pck' ? [pckExtension(platform)] : [],
  };
}

function mapKinds<K extends string, T>(kinds: readonly K[], make: (kind: K) => T): Record<K, T> {
  return Object.fromEntries(kinds.map((kind) => [kind, make(kind)])) as Record<K, T>;
}
