// `attest login`: an attested login whose token is printed, for scripts and for trying roles out.
import { openAttestedClient } from '@vouchsafe/shim';
import { booleanFlag } from '../../arguments/flag.js';
import { command } from '../command.js';
import { asCommandError, attestedLoginFlags, chooseLoginOptions } from './login-options.js';

export const attestLogin = command({
  usage: 'attest login [options] [-- COMMAND [ARGUMENT...]]',
  summary: 'Log in with hardware evidence and print the token',
  details:
    'Logs in with a role and prints what the server gives for it; nothing is stored. The token works only together with the key that was made for this login and is gone with this command, unless the role says token_binding=none. With a simulated TEE the command after -- is what is measured; it is not started.',
  examples: [
    ['Inside a TDX or SEV-SNP guest, or an SGX enclave with Gramine:', 'attest login -role=web'],
    ['The token alone, for a role without token binding:', 'attest login -role=ci -token-only'],
  ],
  flags: {
    ...attestedLoginFlags,
    'token-only': booleanFlag('Print the token and nothing else.'),
  },
  arguments: [0, Number.POSITIVE_INFINITY],
  field: true,
  stopAtFirstArgument: true,
  async run(context, flags, args) {
    const { io } = context;
    try {
      const options = chooseLoginOptions(context, flags, args);
      const note = (text: string): void => io.note(text);
      const client = await openAttestedClient(options, { env: io.env, note });
      try {
        const session = await client.logIn();
        const token = session.token.toString('latin1');
        const { lease, attestation } = session;
        session.wipe();
        if (flags['token-only']) {
          io.write(token + (io.outputIsTerminal ? '\n' : ''));
          return 0;
        }
        context.showAnswer({
          data: {
            token,
            token_duration: lease.ttlSeconds,
            token_renewable: lease.isRenewable,
            decision_id: attestation.decisionId,
            policy_digest: attestation.policyDigest,
            tcb_status: attestation.tcbStatus,
            binding: attestation.binding,
          },
        });
        return 0;
      } finally {
        client.close();
      }
    } catch (error) {
      throw asCommandError(error, 2);
    }
  },
});
