// A fake NVIDIA: device chains of five certificates and SPDM reports in the genuine layout, good and bad. For tests and
// the simulated TEE only: nothing here checks what it signs.

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { concatBytes } from '../encoding/bytes.js';
import { derInteger, derOctetString, derOid, derSequence } from './der-writer.js';
import { type MintCertificateOptions, type MintedName, mintCertificate } from './x509.js';

export type GpuLink = 'root' | 'identity' | 'provisioner' | 'rom' | 'firmware';

export interface SoftwareNvidiaOptions {
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Digest of the firmware that the leaf names; 48 bytes. */
  readonly fwid?: Uint8Array;
  /** Changes of single certificates. */
  readonly change?: Partial<Record<GpuLink, Partial<MintCertificateOptions>>>;
  /** Replaces the device id extension of the leaf: null leaves it out. */
  readonly deviceId?: Uint8Array | null;
}

export interface SoftwareNvidia {
  /** DER, leaf first, root last. */
  readonly chain: readonly Uint8Array[];
  readonly root: Uint8Array;
  readonly keys: Readonly<Record<GpuLink, KeyObject>>;
  readonly names: Readonly<Record<GpuLink, MintedName>>;
  /** The firmware's key, which signs reports. */
  readonly reportKey: KeyObject;
  readonly fwid: Uint8Array;
}

const links: readonly GpuLink[] = ['root', 'identity', 'provisioner', 'rom', 'firmware'];
const names: Readonly<Record<GpuLink, MintedName>> = {
  root: { CN: 'Software Device Identity CA', O: 'Vouchsafe' },
  identity: { CN: 'Software GH100 Identity', O: 'Vouchsafe' },
  provisioner: { CN: 'Software GH100 Provisioner', O: 'Vouchsafe' },
  rom: { CN: 'GH100 A01 GSP BROM', O: 'Vouchsafe' },
  firmware: { CN: 'GH100 A01 GSP FMC LF', O: 'Vouchsafe' },
};

/** CompositeDeviceID: the issuing key, and the digest of the firmware. */
export function gpuDeviceId(issuer: KeyObject, fwid: Uint8Array): Uint8Array {
  return derSequence(
    derInteger(1),
    new Uint8Array(issuer.export({ type: 'spki', format: 'der' })),
    derSequence(derOid('2.16.840.1.101.3.4.2.2'), derOctetString(fwid)),
  );
}

export function createSoftwareNvidia(options: SoftwareNvidiaOptions): SoftwareNvidia {
  const { notBefore, notAfter, fwid = new Uint8Array(48).fill(0xf1), change = {} } = options;
  const pairs = Object.fromEntries(
    links.map((link) => [link, generateKeyPairSync('ec', { namedCurve: 'P-384' })]),
  ) as Record<GpuLink, ReturnType<typeof generateKeyPairSync>>;
  const deviceId =
    options.deviceId === undefined ? gpuDeviceId(pairs.rom.publicKey, fwid) : options.deviceId;
  const minted = links.map((link, index) => {
    const above = links[Math.max(0, index - 1)] ?? 'root';
    const isLeaf = link === 'firmware';
    return mintCertificate({
      subject: names[link],
      issuer: names[above],
      serial: 0x41_43_00 + index,
      notBefore,
      notAfter,
      publicKey: pairs[link].publicKey,
      signingKey: pairs[above].privateKey,
      signatureAlgorithm: 'ecdsa-p384-sha384',
      ca: !isLeaf,
      ...(isLeaf ? { keyUsageBits: 0x80 } : {}),
      ...(isLeaf && deviceId !== null
        ? { extensions: [{ oid: '2.23.133.5.4.1', value: deviceId }] }
        : {}),
      ...change[link],
    });
  });
  const keyOf = (link: GpuLink) => pairs[link].privateKey;
  return {
    chain: minted.toReversed(),
    root: minted[0] ?? new Uint8Array(),
    keys: Object.fromEntries(links.map((link) => [link, keyOf(link)])) as Record<
      GpuLink,
      KeyObject
    >,
    names,
    reportKey: keyOf('firmware'),
    fwid,
  };
}

export interface GpuReportFields {
  /** Of the request; 32 bytes. */
  readonly nonce: Uint8Array;
  /** Index and digest, in this order. */
  readonly measurements?: readonly (readonly [index: number, digest: Uint8Array])[];
  /** Type and value, in this order; replaces all. */
  readonly opaque?: readonly (readonly [type: number, value: Uint8Array])[];
  readonly key?: KeyObject;
  /** Changes request and response before they are signed. */
  readonly unsigned?: (bytes: Uint8Array) => Uint8Array;
}

const u16 = (value: number) => Uint8Array.of(value & 0xff, value >> 8);
const ascii = (text: string) => new TextEncoder().encode(`${text}\0`);

/** What the firmware of a Hopper adds. */
export function gpuOpaque(fwid: Uint8Array): readonly (readonly [number, Uint8Array])[] {
  return [
    [6, Uint8Array.of(0x00, 0x9f, 0x00, 0x96, 0x01, 0, 0, 0)],
    [15, ascii('882')],
    [17, ascii('1010')],
    [18, ascii('0200')],
    [3, ascii('550.90.07')],
    [11, Uint8Array.of(0x55)],
    [20, fwid],
    [21, Uint8Array.of(0x55)],
  ];
}

/** Four measurements of one byte each, repeated. */
export const gpuMeasurements: readonly (readonly [number, Uint8Array])[] = [1, 2, 3, 4].map(
  (index) => [index, new Uint8Array(48).fill(0xa0 + index)],
);

/** Request and response of SPDM 1.1, signed by the device's firmware. */
export function mintGpuReport(nvidia: SoftwareNvidia, fields: GpuReportFields): Uint8Array {
  const { nonce, measurements = gpuMeasurements, opaque = gpuOpaque(nvidia.fwid) } = fields;
  const blocks = concatBytes(
    ...measurements.map(([index, digest]) =>
      concatBytes(
        Uint8Array.of(index, 1),
        u16(digest.length + 3),
        Uint8Array.of(1),
        u16(digest.length),
        digest,
      ),
    ),
  );
  const extra = concatBytes(
    ...opaque.map(([type, value]) => concatBytes(u16(type), u16(value.length), value)),
  );
  const bytes = concatBytes(
    Uint8Array.of(0x11, 0xe0, 1, 0xff),
    nonce,
    Uint8Array.of(0),
    Uint8Array.of(0x11, 0x60, 0, 0, measurements.length),
    u16(blocks.length),
    Uint8Array.of(0),
    blocks,
    new Uint8Array(32).fill(0xd0),
    u16(extra.length),
    extra,
  );
  const signed = fields.unsigned?.(bytes) ?? bytes;
  const key = fields.key ?? nvidia.reportKey;
  const signature = sign('sha384', signed, { key, dsaEncoding: 'ieee-p1363' });
  return concatBytes(signed, new Uint8Array(signature));
}
