// `measure sgx`: what the signature of an enclave says it measures, and who signed it.
import { statSync } from 'node:fs';
import { encodeHex, type ReferenceSet, type Sigstruct, verifySigstruct } from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { CommandError } from '../../session/explain.js';
import { readBounded } from '../attest/evidence-files.js';
import { command } from '../command.js';
import { documentFlags, documentOf, measuring, registering, showDocument } from './document.js';

const MANIFEST = /\.manifest\.sgx$/;
const FLAG_BYTES = 8;
const INIT_BIT = 1;

/** Gramine signs NAME.manifest.sgx into NAME.sig, and the manifest itself has no signature in it. */
function readSignature(path: string): Uint8Array {
  if (!MANIFEST.test(path)) return new Uint8Array(readBounded(path, 'signature'));
  const beside = path.replace(MANIFEST, '.sig');
  if (statSync(beside, { throwIfNoEntry: false }) === undefined) {
    throw new CommandError(
      `signature: no ${beside} beside ${path}`,
      1,
      'sign the manifest with gramine-sgx-sign, or name the signature itself',
    );
  }
  return new Uint8Array(readBounded(beside, 'signature'));
}

/** The bits that the signature fixes, as a report's claim spells them. */
function fixedBits(value: Uint8Array, mask: Uint8Array): { set: string; clear: string } {
  const hex = (bit: (byte: number, mask: number) => number): string =>
    encodeHex(value.map((byte, i) => bit(byte, mask[i] ?? 0)));
  return { set: hex((byte, bits) => byte & bits), clear: hex((byte, bits) => ~byte & bits) };
}

function requirementsOf(enclave: Sigstruct): ReferenceSet {
  const { attributes } = enclave;
  const attributesMask = Uint8Array.from(enclave.attributesMask);
  // INIT is set by starting the enclave, after the comparison that the mask is for (SDM, EINIT).
  attributesMask[0] = (attributesMask[0] ?? 0) & ~INIT_BIT;
  return {
    mrenclave: [encodeHex(enclave.mrEnclave)],
    mrsigner: [encodeHex(enclave.mrSigner)],
    isvprodid: [enclave.isvProdId],
    isvsvn: [enclave.isvSvn],
    attributes: fixedBits(
      attributes.subarray(0, FLAG_BYTES),
      attributesMask.subarray(0, FLAG_BYTES),
    ),
    xfrm: fixedBits(attributes.subarray(FLAG_BYTES), attributesMask.subarray(FLAG_BYTES)),
    miscselect: fixedBits(enclave.miscSelect, enclave.miscMask),
  };
}

export const measureSgx = command({
  usage: 'measure sgx [options] FILE',
  summary: 'Read the measurement of a signed SGX enclave',
  details: `Reads a SIGSTRUCT (Gramine’s NAME.sig), or the one beside NAME.manifest.sgx, checks its RSA signature, and prints MRENCLAVE, MRSIGNER, product and version of the enclave, and the attributes that the signature fixes. The enclave is not measured anew: MRENCLAVE is what the signer signed, and that NAME.sig belongs to the manifest beside it is for the signer to see to.\n\n${registering}`,
  examples: [['An enclave that Gramine signed:', 'measure sgx app.manifest.sgx']],
  flags: documentFlags,
  arguments: [1, 1],
  server: false,
  format: true,
  async run(context, flags, args) {
    const bytes = readSignature(args[0] ?? '');
    const enclave = await measuring(() => verifySigstruct(bytes, nodeProvider));
    const document = documentOf(flags, 'sgx-dcap', requirementsOf(enclave));
    await showDocument(context, document, [
      ['signed on', enclave.date],
      ['debug', enclave.debugAllowed ? 'allowed by the signature' : 'ruled out by the signature'],
    ]);
    return 0;
  },
});
