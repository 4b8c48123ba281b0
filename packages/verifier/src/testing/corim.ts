// Manifests for tests: CoRIM maps, CoMIDs and their measurements, right or wrong in one place.
import type { ReadCorimInput } from '../corim/corim.js';
import { importCorim } from '../corim/reference-values.js';
import { type CborValue, encodeCbor } from '../encoding/cbor-writer.js';
import { decodeHex } from '../encoding/hex.js';
import { nodeProvider } from '../provider-node.js';
import { type MintCoseOptions, mintCoseSign1 } from './cose.js';

export type Fields = Readonly<Record<number, CborValue | undefined>>;

const now = new Date('2026-06-01T00:00:00Z');

/** Imports a manifest, unsigned unless `change` trusts somebody. */
export function readCorim(
  bytes: Uint8Array,
  change: Partial<ReadCorimInput> = {},
): ReturnType<typeof importCorim> {
  return importCorim(
    { bytes, trust: { kind: 'unsigned' }, now, provider: nodeProvider, ...change },
    { name: 'vendor', kind: 'firmware' },
  );
}

/** A map with integer keys; what is undefined is left out. */
export function map(fields: Fields): CborValue {
  const entries = Object.entries(fields).flatMap(([key, value]): [number, CborValue][] =>
    value === undefined ? [] : [[Number(key), value]],
  );
  return new Map(entries);
}
export const tag = (number: number, content: CborValue): CborValue => ({ tag: number, content });
export const fill = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

export const amdProfile = tag(32, 'tag:amd.com,2024:snp-corim-profile');
export const byChip = tag(111, decodeHex('2b060104019c780301'));
export const byCsp = tag(111, decodeHex('2b060104019c780302'));
export const oidEnvironment = map({ 0: map({ 0: byChip }) });
export const measured = (key: CborValue | undefined, values: Fields): CborValue =>
  map({ 0: key, 1: map(values) });
export const launch = (byte: number): CborValue => measured(641, { 2: [[7, fill(48, byte)]] });

export const tdx = map({ 0: map({ 2: 'tdx-dcap' }) });
export const mrtd = measured('mrtd', { 2: [[7, fill(48, 0xaa)]] });

export interface ManifestParts {
  readonly profile?: CborValue | undefined;
  readonly reference?: CborValue;
  readonly triples?: CborValue;
  readonly comid?: Fields;
  readonly corim?: Fields;
  readonly tags?: CborValue;
}

export function makeManifest(parts: ManifestParts): Uint8Array {
  const triples = parts.triples ?? map({ 0: parts.reference ?? [[oidEnvironment, [launch(1)]]] });
  const comid = encodeCbor(map({ 1: map({ 0: 'tag', 1: 0 }), 4: triples, ...parts.comid }));
  return encodeCbor(
    tag(
      501,
      map({
        0: 'manifest',
        1: parts.tags ?? [tag(506, comid)],
        3: 'profile' in parts ? parts.profile : amdProfile,
        ...parts.corim,
      }),
    ),
  );
}

export const seconds = (time: string): CborValue => tag(1, Date.parse(time) / 1000);
/** In AMD's profile, one triple. */
export const withValues = (...measurements: readonly CborValue[]): Uint8Array =>
  makeManifest({ reference: [[oidEnvironment, measurements]] });
/** Without a profile, one triple about a TD. */
export const plain = (...measurements: readonly CborValue[]): Uint8Array =>
  makeManifest({ profile: undefined, reference: [[tdx, measurements]] });
/** A raw value of equal bytes. */
export const raw = (length: number, byte: number): Fields => ({ 4: tag(560, fill(length, byte)) });

const signer = map({ 0: map({ 0: 'AMD' }), 1: map({ 1: seconds('2099-01-01T00:00:00Z') }) });

/** The protected header of a signed manifest, ES384. */
export function corimHeader(more: Fields = {}): Uint8Array {
  const own: Fields = { 1: -35, 3: 'application/rim+cbor', 4: fill(4, 1), 8: encodeCbor(signer) };
  return encodeCbor(map({ ...own, ...more }));
}

/** A manifest that the key, P-384, has signed. */
export function signManifest(
  options: Partial<MintCoseOptions> & Pick<MintCoseOptions, 'signingKey'>,
): Uint8Array {
  return mintCoseSign1({
    payload: makeManifest({}),
    algorithm: -35,
    protectedRaw: corimHeader(),
    tagged: true,
    ...options,
  });
}
