// An attested login with somebody who writes down the request that carried the evidence. Tests only.
import assert from 'node:assert/strict';
import type { TransportRequest } from '@vouchsafe/client';
import type { NodeTransport } from '@vouchsafe/client/node';
import { type Attester, logIn, type Session } from '@vouchsafe/shim';

export interface OverheardLogin {
  readonly session: Session;
  readonly overheard: TransportRequest;
}

/** Over https; what is overheard can be sent again with `transport`. */
export async function overhearLogin(
  transport: NodeTransport,
  attester: Attester,
  role: string,
): Promise<OverheardLogin> {
  const open = transport.openChannel.bind(transport);
  const sent: TransportRequest[] = [];
  transport.openChannel = async (timeoutMs) => {
    const channel = await open(timeoutMs);
    const request = channel.request.bind(channel);
    channel.request = (each) => {
      if (each.path.endsWith('/login')) sent.push(each);
      return request(each);
    };
    return channel;
  };
  const session = await logIn({
    transport,
    attester,
    role,
    mount: 'attest',
    serverIdentity: null,
    binding: 'key',
    timeoutMs: 10_000,
    clock: () => Date.now(),
  });
  const [overheard] = sent;
  return { session, overheard: overheard ?? assert.fail('no login was sent') };
}
