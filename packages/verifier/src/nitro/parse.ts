// AWS Nitro's attestation document, bytes to fields, as the Nitro Secure Module (in an enclave) or the
// NitroTPM (in an instance) writes it. Trusts nothing. Must never pass over a field it does not know.

import { type CoseSign1, parseCoseSign1 } from '../cose/sign1.js';
import { copyBytes, isZero } from '../encoding/bytes.js';
import { type CborItem, type CborLimits, parseCbor } from '../encoding/cbor.js';
import { cborArray, cborBytes, cborInteger, cborMap, cborText } from '../encoding/cbor-fields.js';
import { EvidenceError } from '../errors.js';
import type { Evidence } from '../types.js';

export type NitroDocumentKind = 'enclave' | 'nitrotpm';

/** A parsed document, NOT trusted. Byte strings are views on `raw`. */
export interface NitroDocument extends Evidence {
  readonly format: 'aws-nitro';
  readonly raw: Uint8Array;
  readonly message: CoseSign1;
  /** Which registers it holds: those of an enclave (`pcrs`) or of a TPM (`nitrotpm_pcrs`). */
  readonly kind: NitroDocumentKind;
  readonly moduleId: string;
  /** When the hypervisor made the document, by its clock; to the millisecond. */
  readonly timestamp: Date;
  /** Index to value, 48 bytes each. */
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  /** DER of the certificate whose key signed the document. */
  readonly certificate: Uint8Array;
  /** DER, from the root to the issuer of `certificate`. */
  readonly cabundle: readonly Uint8Array[];
  readonly publicKey: Uint8Array | null;
  readonly userData: Uint8Array | null;
  readonly nonce: Uint8Array | null;
}

/** AWS allows a payload of 16,384 bytes; the signature, the headers and their lengths come to it. */
const payloadBytesMax = 16_384;
const limits: CborLimits = {
  bytesMax: payloadBytesMax + 256,
  // 9 fields, 32 registers and 7 certificates make 90.
  itemsMax: 128,
  depthMax: 4,
  indefiniteMaps: 'accepted',
};

const certificateBytes = { min: 1, max: 1024 };
/** AWS demands one at least; with the leaf, eight is what a chain may have here. */
const cabundleCount = { min: 1, max: 7 };
export const pcrIndex = { min: 0, max: 31 };
const pcrCount = { min: 1, max: 32 };
/** SHA384 is the only digest there is. */
const pcrBytes = { min: 48, max: 48 };
const zeroPcr = new Uint8Array(pcrBytes.max);
const enclavePcrs = [0, 1, 2] as const;
const moduleIdLength = { min: 1, max: 256 };
/** The greatest time that a Date holds. */
const timestampBounds = { min: 1, max: 8_640_000_000_000_000 };

const required = ['module_id', 'digest', 'timestamp', 'certificate', 'cabundle'] as const;
const optional = ['pcrs', 'nitrotpm_pcrs', 'public_key', 'user_data', 'nonce'] as const;
const known: ReadonlySet<bigint | string> = new Set([...required, ...optional]);
type Name = (typeof required)[number] | (typeof optional)[number];

function malformed(why: string): EvidenceError {
  return new EvidenceError('malformed', `Nitro document: ${why}`);
}

/** Fields that are there and not null: AWS's own writer puts null where the caller gave nothing. */
class DocumentFields {
  readonly #fields: ReadonlyMap<bigint | string, CborItem>;

  constructor(payload: CborItem) {
    const entries = cborMap(payload, 'Nitro document', { min: 1, max: known.size });
    for (const { key } of entries) {
      if (!known.has(key)) throw malformed(`unknown field ${key}`);
    }
    this.#fields = new Map(entries.map(({ key, value }) => [key, value]));
  }

  get(name: Name): CborItem {
    const item = this.#fields.get(name);
    if (item === undefined) throw malformed(`no ${name}`);
    return item;
  }

  has(name: Name): boolean {
    return this.#fields.has(name);
  }

  findBytes(name: Name, min: number, max: number): Uint8Array | null {
    const item = this.#fields.get(name);
    if (item === undefined || (item.type === 'simple' && item.value === null)) return null;
    return cborBytes(item, `Nitro document ${name}`, { min, max });
  }
}

function readPcrs(item: CborItem, name: string): ReadonlyMap<number, Uint8Array> {
  const entries = cborMap(item, `Nitro document ${name}`, pcrCount);
  return new Map(
    entries.map(({ key, value }) => {
      if (typeof key !== 'bigint' || key < pcrIndex.min || key > pcrIndex.max) {
        throw malformed(`${name} has the index ${key}`);
      }
      return [Number(key), cborBytes(value, `Nitro document ${name} ${key}`, pcrBytes)];
    }),
  );
}

/** An enclave is identified by the registers 0 to 2, so a document without them says nothing. */
function readRegisters(fields: DocumentFields): Pick<NitroDocument, 'kind' | 'pcrs'> {
  if (fields.has('pcrs') === fields.has('nitrotpm_pcrs')) {
    throw malformed('want either pcrs or nitrotpm_pcrs');
  }
  if (fields.has('nitrotpm_pcrs')) {
    return { kind: 'nitrotpm', pcrs: readPcrs(fields.get('nitrotpm_pcrs'), 'nitrotpm_pcrs') };
  }
  const pcrs = readPcrs(fields.get('pcrs'), 'pcrs');
  if (!enclavePcrs.every((index) => pcrs.has(index))) throw malformed('want PCR0, PCR1 and PCR2');
  return { kind: 'enclave', pcrs };
}

/**
 * Whether the enclave runs in debug mode, in which its parent instance reads its console: the module
 * then leaves PCR0 to PCR2 at zero. One of them at zero is taken for that as well. The NitroTPM has
 * no such mode.
 */
export function isDebug({ kind, pcrs }: NitroDocument): boolean {
  return kind === 'enclave' && enclavePcrs.some((index) => isZero(pcrs.get(index) ?? zeroPcr));
}

/** A guess by the first bytes: an array of four, and ES384 alone as protected header. */
export function looksLikeNitroDocument(bytes: Uint8Array): boolean {
  const start = bytes[0] === 0xd2 ? 1 : 0;
  return [0x84, 0x44, 0xa1, 0x01, 0x38, 0x22].every((byte, at) => bytes[start + at] === byte);
}

/**
 * Reads exactly one document, tagged as COSE_Sign1 or not. The input is copied first.
 * Rules and limits: https://github.com/aws/aws-nitro-enclaves-nsm-api, docs/attestation_process.md,
 * sections 2.2 and 3; for the NitroTPM the EC2 user guide, "Validate a NitroTPM Attestation Document".
 * @throws EvidenceError 'malformed' | 'trailing-data' | 'unsupported-algorithm' |
 *   'header-not-allowed'
 */
export function parseNitroDocument(bytes: Uint8Array): NitroDocument {
  if (bytes.length > limits.bytesMax) throw malformed(`more than ${limits.bytesMax} bytes`);
  const raw = copyBytes(bytes);
  const message = parseCoseSign1(raw, 'Nitro document', { ...limits, payloadBytesMax });
  // Nobody signs the unprotected header; the module leaves it empty.
  if (message.unprotectedHeader.length > 0 || message.protectedHeader.length > 1) {
    throw malformed('want the algorithm as its only header');
  }
  const fields = new DocumentFields(parseCbor(message.payload, 'Nitro document payload', limits));
  const digest = cborText(fields.get('digest'), 'Nitro document digest', { min: 0, max: 16 });
  if (digest !== 'SHA384') {
    throw new EvidenceError('unsupported-algorithm', `Nitro document: digest ${digest}`);
  }
  const bundle = cborArray(fields.get('cabundle'), 'Nitro document cabundle', cabundleCount);
  return {
    format: 'aws-nitro',
    raw,
    message,
    ...readRegisters(fields),
    moduleId: cborText(fields.get('module_id'), 'Nitro document module_id', moduleIdLength),
    timestamp: new Date(
      cborInteger(fields.get('timestamp'), 'Nitro document timestamp', timestampBounds),
    ),
    certificate: cborBytes(
      fields.get('certificate'),
      'Nitro document certificate',
      certificateBytes,
    ),
    cabundle: bundle.map((each) => cborBytes(each, 'Nitro document cabundle', certificateBytes)),
    publicKey: fields.findBytes('public_key', 1, 1024),
    userData: fields.findBytes('user_data', 0, 512),
    nonce: fields.findBytes('nonce', 0, 512),
  };
}
