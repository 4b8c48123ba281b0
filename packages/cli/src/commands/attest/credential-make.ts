// `attest credential make`: a secret that only one TPM hands out, and only if it has this attestation key. Needs no TPM.
import { randomBytes } from 'node:crypto';
import { beginCredential } from '@vouchsafe/verifier';
import { nodeEncryption, nodeProvider } from '@vouchsafe/verifier/node';
import { integerFlag, repeatedFlag, required, textFlag } from '../../arguments/flag.js';
import { command } from '../command.js';
import { atFlag, parseTime } from './as-of.js';
import { credentialExitCodes, judging, writeBegun } from './credential-files.js';
import { readBlocks, readRevocation, readSmall } from './evidence-files.js';

const LIFETIME_SECONDS = 3600;
const file = { valueName: 'FILE' };

export const attestCredentialMake = command({
  usage: 'attest credential make [options]',
  summary: 'Make a credential that only one TPM can answer',
  details:
    'Checks that the attestation key can only quote, and that the endorsement key leads to a root given with -root, and encrypts a secret that only the TPM with both keys hands out (TPM2_MakeCredential, without a TPM). The file of -credential is for tpm2_activatecredential on that machine. The file of -pending stays here, out of the machine’s reach, for "attest credential check" and "attest verify"; it holds no secret. Use it for one answer, and delete it then. Neither file may exist.\n\nThe exit code is 0 if it was made, 4 if the keys or certificates are refused, 2 for a usage error, and 1 for anything else.',
  examples: [
    [
      'For keys that tpm2_createek and tpm2_createak made:',
      'attest credential make -ek=ek_public -ek-cert=ek_certificate -root=ek-root.pem -ak=ak_public -credential=credential -pending=pending.json',
    ],
  ],
  flags: {
    ek: textFlag('Public area of the endorsement key, TPMT_PUBLIC.', file),
    'ek-cert': repeatedFlag('Its certificate, then its issuers, DER or PEM.', file),
    root: repeatedFlag('Root of an EK CA that is trusted, DER or PEM.', file),
    crl: repeatedFlag(
      'Revocation list, DER or PEM; with any, one is needed of every issuer.',
      file,
    ),
    ak: textFlag('Public area of the attestation key, TPMT_PUBLIC.', file),
    credential: textFlag('Where to write what is for the TPM.', file),
    pending: textFlag('Where to write what is kept until the answer.', file),
    lifetime: integerFlag(
      `Seconds for which the answer is waited for, at most a day; ${LIFETIME_SECONDS} without it.`,
      { valueName: 'SECONDS' },
    ),
    at: atFlag,
  },
  arguments: [0, 0],
  server: false,
  usageExitCode: credentialExitCodes.usage,
  async run(context, flags) {
    const paths = {
      credential: required(flags.credential, 'credential'),
      pending: required(flags.pending, 'pending'),
    };
    const begun = await judging(
      beginCredential({
        ekPublic: readSmall(required(flags.ek, 'ek'), 'endorsement key'),
        ekCertificates: flags['ek-cert'].flatMap((path) => readBlocks(path, 'CERTIFICATE')),
        roots: flags.root
          .flatMap((path) => readBlocks(path, 'CERTIFICATE'))
          .map((der) => ({ kind: 'certificate', der })),
        revocation: readRevocation(flags.crl),
        akPublic: readSmall(required(flags.ak, 'ak'), 'attestation key'),
        now: parseTime(flags.at),
        lifetimeSeconds: flags.lifetime ?? LIFETIME_SECONDS,
        randomBytes: (length) => new Uint8Array(randomBytes(length)),
        provider: nodeProvider,
        encryption: nodeEncryption,
      }),
    );
    writeBegun(begun, paths);
    context.line(`For the TPM: ${paths.credential}. To keep: ${paths.pending}.`);
    return 0;
  },
});
