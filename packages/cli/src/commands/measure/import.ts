// `measure import`: reference values from what others publish: CoRIM, identities of Nitride, or our own document.
import { createPublicKey } from 'node:crypto';
import { type CorimTrust, importCorim, parseReferenceText } from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { booleanFlag, repeatedFlag, UsageError } from '../../arguments/flag.js';
import { CommandError } from '../../session/explain.js';
import { readBounded } from '../attest/evidence-files.js';
import { command } from '../command.js';
import { documentFlags, measuring, registering, showDocument } from './document.js';

/** PEM of a public key or of a certificate. @throws CommandError exit code 1 */
function readSigner(path: string): Uint8Array {
  const pem = readBounded(path, 'signer').toString('latin1');
  try {
    const key = createPublicKey({ key: pem, format: 'pem' });
    return new Uint8Array(key.export({ type: 'spki', format: 'der' }));
  } catch {
    throw new CommandError(`signer: ${path} is no public key or certificate in PEM`, 1);
  }
}

function chooseTrust(signers: readonly string[], isUnsigned: boolean): CorimTrust {
  if (isUnsigned === signers.length > 0) {
    throw new UsageError('a CoRIM needs -signer, or -unsigned: give one of them');
  }
  return isUnsigned ? { kind: 'unsigned' } : { kind: 'signed', spkis: signers.map(readSigner) };
}

/** JSON begins with a brace after white space; no CBOR of a manifest does. */
function looksLikeJson(bytes: Uint8Array): boolean {
  return bytes.find((byte) => !/[ \t\r\n]/.test(String.fromCharCode(byte))) === 0x7b;
}

export const measureImport = command({
  usage: 'measure import [options] FILE',
  summary: 'Make reference values of what others publish',
  details: `Reads a CoRIM manifest (CBOR), an identity of enclaive’s Nitride (JSON), or a document of reference values, and prints reference values. A manifest is taken as a whole: what is not understood is refused, not left out. It must be signed by a key given with -signer, or -unsigned says that nobody vouches for it. Values that a manifest endorses are counted, not required. -name and -kind are for manifests; JSON has its own.\n\n${registering}`,
  examples: [
    ['A vendor’s signed manifest:', 'measure import -signer=vendor.pem -kind=firmware corim.cbor'],
    ['An identity of Nitride:', 'measure import firmware.json'],
  ],
  flags: {
    signer: repeatedFlag('Public key or certificate of who may have signed, PEM.', {
      valueName: 'FILE',
    }),
    unsigned: booleanFlag('Take a manifest that nobody signed.'),
    ...documentFlags,
  },
  arguments: [1, 1],
  server: false,
  format: true,
  async run(context, flags, args) {
    const bytes = new Uint8Array(readBounded(args[0] ?? '', 'reference values'));
    if (looksLikeJson(bytes)) {
      if (flags.unsigned || flags.signer.length > 0) {
        throw new UsageError('-signer and -unsigned are for CoRIM: JSON is not signed');
      }
      const text = new TextDecoder().decode(bytes);
      await showDocument(context, await measuring(async () => parseReferenceText(text)));
      return 0;
    }
    const trust = chooseTrust(flags.signer, flags.unsigned);
    const input = { bytes, trust, now: new Date(), provider: nodeProvider };
    const { values, endorsements } = await measuring(() => importCorim(input, flags));
    await showDocument(context, values, [
      ['signed', trust.kind === 'signed' ? 'yes' : 'no'],
      ['endorsements', `${endorsements.length} (not required)`],
    ]);
    return 0;
  },
});
