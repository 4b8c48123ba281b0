// Which attempt of rekeying or root generation is meant. Servers that open these to holders of keys without a token do not
// tell such callers the nonce of what others began.
import { UsageError } from '../../arguments/flag.js';

/** @throws UsageError when the server does not tell and nobody said */
export function chooseNonce(given: string | null, told: string): string {
  const nonce = given ?? told;
  if (nonce !== '') return nonce;
  throw new UsageError('-nonce must be given: the server tells it only to who started');
}

/** For a call that cancels. Without a nonce it takes a token that may. */
export function cancelQuery(given: string | null): { readonly query?: { readonly nonce: string } } {
  return given === null ? {} : { query: { nonce: given } };
}
