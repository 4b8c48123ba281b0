// Which device a verified chain speaks of, and which firmware signed for it: the identity layers that NVIDIA's boot
// ROM and firmware write into the last two certificates (DICE; TCG "Implicit Identity Based Device Attestation").

import { equalBytes } from '../encoding/bytes.js';
import { certificateDerLimits, DerReader, derTag } from '../encoding/der.js';
import { EvidenceError } from '../errors.js';
import type { Certificate } from '../pki/certificate.js';
import type { VerifiedChain } from '../pki/chain.js';

/** CompositeDeviceID: version, the device's key, and the digest of the firmware that holds the leaf's key. */
const compositeDeviceIdOid = '2.23.133.5.4.1';
const sha384Oid = '2.16.840.1.101.3.4.2.2';

export interface GpuDevice {
  /** Of the boot ROM's certificate: the chip, whatever firmware it runs. Lower-case hex. */
  readonly serial: string;
  /** Common name of the boot ROM's certificate: 'GH100 A01 GSP BROM'. */
  readonly model: string;
  readonly fwid: Uint8Array;
}

function invalid(why: string): EvidenceError {
  return new EvidenceError('chain-invalid', `GPU certificate: ${why}`);
}

function readDeviceId(leaf: Certificate): { readonly key: Uint8Array; readonly fwid: Uint8Array } {
  const extension = leaf.extensions.get(compositeDeviceIdOid);
  if (extension === undefined) throw invalid('no device id');
  const outer = DerReader.open(extension.value, 'device id', certificateDerLimits);
  const reader = outer.sequence('device id');
  outer.end();
  if (reader.smallInteger('version') !== 1) throw invalid('device id of another version');
  const key = reader.expect(derTag.sequence, 'key').raw;
  const digest = reader.sequence('firmware id');
  reader.end();
  if (digest.oid('hash') !== sha384Oid) throw invalid('firmware id by another hash');
  const fwid = digest.octetString('digest');
  digest.end();
  return { key, fwid };
}

/**
 * The leaf must be the firmware's key, for signatures and on P-384, and name the very key that issued it.
 * @throws EvidenceError 'chain-invalid' | 'malformed'
 */
export function readDevice({ leaf, path }: VerifiedChain): GpuDevice {
  const [, rom] = path;
  if (rom === undefined || path.length < 4) throw invalid('chain of a device is longer');
  if (leaf.basicConstraints?.ca === true || leaf.keyUsage?.has('digitalSignature') !== true) {
    throw invalid('not one to sign reports with');
  }
  if (leaf.publicKey.kind !== 'ec' || leaf.publicKey.curve !== 'p384') {
    throw invalid('key of another kind');
  }
  const { key, fwid } = readDeviceId(leaf);
  if (!equalBytes(key, rom.publicKey.spki)) throw invalid('device id names another key');
  const model = rom.subject.commonName;
  if (model === null) throw invalid('device without a name');
  return { serial: rom.serial, model, fwid };
}
