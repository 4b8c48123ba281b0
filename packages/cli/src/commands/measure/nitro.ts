// `measure nitro`: PCR0, PCR1, PCR2 and PCR8 of an enclave image file.
import { encodeHex, measureNitro } from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import { command } from '../command.js';
import {
  documentFlags,
  documentOf,
  measuring,
  readInput,
  registering,
  showDocument,
} from './document.js';

export const measureNitroCommand = command({
  usage: 'measure nitro [options] IMAGE',
  summary: 'Compute the PCRs of an enclave image file',
  details: `Computes what a Nitro Enclaves attestation document states of its image: PCR0 (all of it), PCR1 (kernel, command line and first ramdisk), PCR2 (the application), and PCR8 (the signer’s certificate) if the image is signed. The image’s checksum and the signature over PCR0 are checked; whether the certificate is still valid is not. PCR3 and PCR4 depend on the instance, not on the image.\n\n${registering}`,
  examples: [['', 'measure nitro app.eif']],
  flags: documentFlags,
  arguments: [1, 1],
  server: false,
  format: true,
  async run(context, flags, args) {
    const image = readInput(args[0] ?? '', 'enclave image');
    const measured = await measuring(() => measureNitro(image, nodeProvider));
    const { pcr0, pcr1, pcr2, pcr8, signer } = measured;
    const document = documentOf(flags, 'aws-nitro', {
      pcr0: [encodeHex(pcr0)],
      pcr1: [encodeHex(pcr1)],
      pcr2: [encodeHex(pcr2)],
      ...(pcr8 === null ? {} : { pcr8: [encodeHex(pcr8)] }),
    });
    await showDocument(context, document, [['signed by', signer?.subject.text ?? 'nobody']]);
    return 0;
  },
});
