// The stack keeps what calls that have returned left there: Node decrypts what a TLS connection receives into an array of
// 16 KiB on it, and the last request stays until something else happens to reach as deep.

/** Deeper than Node and libuv go between the event loop and that array (some 32 KiB). */
const STACK_BYTES = 131_072;
const WORD_BYTES = 8;
const INTERVAL_MS = 500;

/** A small integer 0 is a word of zeros. */
const zeros: readonly number[] = new Array<number>(STACK_BYTES / WORD_BYTES).fill(0);

function ignore(): void {}

/** Overwrites what lies below the caller: arguments are passed on the stack, each a word. */
export function wipeStack(): void {
  Reflect.apply(ignore, undefined, zeros);
}

/** Wipes it twice a second, as long as the process runs. Costs some microseconds each time. */
export function keepStackClean(): void {
  setInterval(wipeStack, INTERVAL_MS).unref();
}
