// What `operator rotate` and `operator key-status` print.
import type { KeyStatus } from '@vouchsafe/client';
import { alignRows } from '../../output/table.js';
import { CommandError, during } from '../../session/explain.js';
import type { Context } from '../context.js';

/** Asks for the encryption key's state and prints it. */
export async function showKeyStatus(context: Context): Promise<void> {
  const status = await during(
    'reading key status',
    context.client.call<KeyStatus>('GET', 'sys/key-status', { wrapTtl: null }),
  );
  if (status === null) throw new CommandError('Error reading key status: empty answer', 2);
  const { term, install_time, encryptions } = status;
  context.show({ term, install_time, encryptions }, () =>
    alignRows([
      ['Key Term', String(term)],
      ['Install Time', install_time],
      ['Encryption Count', String(encryptions)],
    ]),
  );
}
