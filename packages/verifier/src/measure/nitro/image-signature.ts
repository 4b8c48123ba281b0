// The signature section of an enclave image: who signed PCR0 (aws-nitro-enclaves-image-format 0.8, PcrSignature). AWS's
// tool writes byte strings as CBOR arrays of numbers, so each byte is an item.

import { parseCoseSign1, verifyCoseSign1 } from '../../cose/sign1.js';
import { equalBytes } from '../../encoding/bytes.js';
import { type CborEntry, type CborItem, parseCbor } from '../../encoding/cbor.js';
import { cborArray, cborInteger, cborMap } from '../../encoding/cbor-fields.js';
import { parsePem } from '../../encoding/pem.js';
import { EvidenceError } from '../../errors.js';
import { type Certificate, parseCertificate } from '../../pki/certificate.js';
import type { CryptoProvider } from '../../provider.js';

const what = 'enclave image signature';
/** A certificate in PEM and a COSE message, each byte of which takes two bytes and an item. */
const limits = {
  bytesMax: 64 * 1024,
  itemsMax: 32 * 1024,
  depthMax: 3,
  indefiniteMaps: 'refused',
} as const;
const fieldBytesMax = 16 * 1024;
const pcrBytes = 48;

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `${what}: ${why}`);
}

/** A map with just these two keys. */
function readPair(item: CborItem, keys: readonly [string, string]): readonly [CborItem, CborItem] {
  const entries = cborMap(item, what, { min: 2, max: 2 });
  const find = (name: string): CborItem | undefined =>
    entries.find(({ key }: CborEntry) => key === name)?.value;
  const [first, second] = keys.map(find);
  if (first === undefined || second === undefined) throw malformed(`want ${keys.join(' and ')}`);
  return [first, second];
}

function readByteArray(item: CborItem, field: string): Uint8Array {
  const items = cborArray(item, field, { min: 1, max: fieldBytesMax });
  return Uint8Array.from(items, (each) => cborInteger(each, field, { min: 0, max: 255 }));
}

function checkPayload(payload: Uint8Array, pcr0: Uint8Array): void {
  const document = parseCbor(payload, `${what} payload`, limits);
  const [index, value] = readPair(document, ['register_index', 'register_value']);
  const signed = readByteArray(value, 'register_value');
  const isPcr0 = cborInteger(index, 'register_index', { min: 0, max: 31 }) === 0;
  if (!isPcr0 || signed.length !== pcrBytes || !equalBytes(signed, pcr0)) {
    throw new EvidenceError('signature-invalid', `${what}: not over PCR0 of this image`);
  }
}

/**
 * The certificate whose key signed this image's PCR0; PCR8 is made of it. Not judged: whether it is still valid,
 * or whom it belongs to.
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'signature-invalid' | 'unsupported-algorithm' |
 *   'public-key-invalid'
 */
export async function verifyImageSignature(
  section: Uint8Array,
  pcr0: Uint8Array,
  provider: CryptoProvider,
): Promise<Certificate> {
  const [only] = cborArray(parseCbor(section, what, limits), what, { min: 1, max: 1 });
  if (only === undefined) throw malformed('want one');
  const [pem, message] = readPair(only, ['signing_certificate', 'signature']);
  const [der] = parsePem(readByteArray(pem, 'signing_certificate'), {
    label: 'CERTIFICATE',
    blocksMax: 1,
    bytesMax: fieldBytesMax,
  });
  if (der === undefined) throw malformed('no certificate');
  const certificate = parseCertificate(der);
  const cose = parseCoseSign1(readByteArray(message, 'signature'), what, {
    ...limits,
    payloadBytesMax: fieldBytesMax,
  });
  await verifyCoseSign1({
    message: cose,
    spki: certificate.publicKey.spki,
    externalAad: new Uint8Array(),
    algorithms: ['ES256', 'ES384', 'ES512'],
    provider,
  });
  checkPayload(cose.payload, pcr0);
  return certificate;
}
