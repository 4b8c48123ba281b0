// AES-256-GCM from memory we own into memory we own. node:crypto can not do that: `decipher.update` decrypts into a buffer
// that is one byte too large, copies it, and frees the first one without wiping, so that every secret that was ever
// decrypted may still be found. Here OpenSSL, the same one that Node has loaded, is called directly.
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { createRequire } from 'node:module';

export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
const EVP_CTRL_AEAD_GET_TAG = 0x10;
const EVP_CTRL_AEAD_SET_TAG = 0x11;

/** One message. `input` and `output` have the same length and do not overlap; `tag` has 16 bytes. */
export interface AeadMessage {
  /** 32 bytes, used as a view. */
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly associatedData: Uint8Array;
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  readonly tag: Uint8Array;
}

export interface Aead {
  /** 'node': a copy of what was decrypted may stay in freed memory for a while. */
  readonly kind: 'libcrypto' | 'node';
  /** Fills `output` and `tag`. */
  encrypt(message: AeadMessage): void;
  /** Fills `output`; false, with `output` wiped, when the message is not authentic. */
  decrypt(message: AeadMessage): boolean;
}

type NativeFunction = (...values: unknown[]) => unknown;
interface Koffi {
  load(path: null): { func(definition: string): NativeFunction };
}

interface Evp {
  readonly context: unknown;
  readonly cipher: unknown;
  readonly reset: NativeFunction;
  readonly control: NativeFunction;
  readonly clearErrors: NativeFunction;
  readonly encrypt: Direction;
  readonly decrypt: Direction;
}

interface Direction {
  readonly init: NativeFunction;
  readonly update: NativeFunction;
  readonly final: NativeFunction;
}

function loadEvp(): Evp {
  const koffi = createRequire(import.meta.url)('koffi') as Koffi;
  const library = koffi.load(null);
  const direction = (name: 'Encrypt' | 'Decrypt'): Direction => ({
    init: library.func(
      `int EVP_${name}Init_ex(void *c, void *cipher, void *engine, const void *key, const void *iv)`,
    ),
    update: library.func(
      `int EVP_${name}Update(void *c, void *out, int *written, const void *in, int length)`,
    ),
    final: library.func(`int EVP_${name}Final_ex(void *c, void *out, int *written)`),
  });
  const fetch = library.func(
    'void *EVP_CIPHER_fetch(void *c, const char *name, const char *query)',
  );
  const cipher = fetch(null, 'AES-256-GCM', null);
  const context = library.func('void *EVP_CIPHER_CTX_new()')();
  if (cipher === null || context === null) throw new Error('libcrypto has no AES-256-GCM');
  return {
    cipher,
    context,
    reset: library.func('int EVP_CIPHER_CTX_reset(void *c)'),
    control: library.func('int EVP_CIPHER_CTX_ctrl(void *c, int type, int length, void *data)'),
    clearErrors: library.func('void ERR_clear_error()'),
    encrypt: direction('Encrypt'),
    decrypt: direction('Decrypt'),
  };
}

/** One context, reset (and so wiped) after every message: calls are synchronous, and a worker has its own. */
class LibcryptoAead implements Aead {
  readonly kind = 'libcrypto';
  readonly #evp: Evp;
  readonly #written = new Int32Array(1);
  readonly #none = Buffer.alloc(TAG_BYTES);

  constructor(evp: Evp) {
    this.#evp = evp;
  }

  encrypt(message: AeadMessage): void {
    const { context, control, encrypt, reset } = this.#evp;
    try {
      this.#run(encrypt, message);
      this.#require(encrypt.final(context, this.#none, this.#written));
      this.#require(control(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, message.tag));
    } finally {
      reset(context);
    }
  }

  decrypt(message: AeadMessage): boolean {
    const { context, control, decrypt, reset, clearErrors } = this.#evp;
    let isAuthentic = false;
    try {
      this.#run(decrypt, message);
      this.#require(control(context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, message.tag));
      isAuthentic = decrypt.final(context, this.#none, this.#written) === 1;
    } finally {
      reset(context);
      if (!isAuthentic) {
        message.output.fill(0);
        // What stays in OpenSSL's queue would be taken for an error of the next TLS operation.
        clearErrors();
      }
    }
    return isAuthentic;
  }

  #run({ init, update }: Direction, message: AeadMessage): void {
    checkLengths(message);
    const { context, cipher } = this.#evp;
    const { key, nonce, associatedData, input, output } = message;
    this.#require(init(context, cipher, null, key, nonce));
    // No output means associated data, and no input means the end: empty messages must not get there.
    if (associatedData.length > 0) {
      const length = associatedData.length;
      this.#require(update(context, null, this.#written, associatedData, length));
    }
    if (input.length > 0) {
      this.#require(update(context, output, this.#written, input, input.length));
    }
  }

  #require(result: unknown): void {
    if (result === 1) return;
    this.#evp.clearErrors();
    throw new Error('libcrypto refused an AES-256-GCM operation');
  }
}

/** What node:crypto offers, with the freed copy overwritten as far as the allocator lets us. */
class NodeAead implements Aead {
  readonly kind = 'node';

  encrypt(message: AeadMessage): void {
    checkLengths(message);
    const cipher = createCipheriv('aes-256-gcm', message.key, message.nonce);
    cipher.setAAD(message.associatedData);
    message.output.set(cipher.update(message.input));
    cipher.final();
    message.tag.set(cipher.getAuthTag());
  }

  decrypt(message: AeadMessage): boolean {
    checkLengths(message);
    const decipher = createDecipheriv('aes-256-gcm', message.key, message.nonce, {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(message.associatedData);
    decipher.setAuthTag(message.tag);
    const plaintext = decipher.update(message.input);
    // The allocator gives the block that was just freed to the next one of its size.
    for (let count = 0; count < 4; count += 1) Buffer.allocUnsafeSlow(plaintext.length + 1).fill(0);
    try {
      decipher.final();
      message.output.set(plaintext);
      return true;
    } catch {
      message.output.fill(0);
      return false;
    } finally {
      plaintext.fill(0);
    }
  }
}

/** Native code writes as far as it is told to: nothing that disagrees gets there. */
function checkLengths({ key, nonce, input, output, tag }: AeadMessage): void {
  if (
    key.length !== 32 ||
    nonce.length !== NONCE_BYTES ||
    tag.length !== TAG_BYTES ||
    input.length !== output.length ||
    input.length > 0x7fffffff
  ) {
    throw new RangeError('AES-256-GCM message has wrong lengths');
  }
}

/** Whether both produce and accept the same messages. */
function agrees(aead: Aead, reference: Aead): boolean {
  const make = (length: number): AeadMessage => ({
    key: Buffer.alloc(32, 1),
    nonce: Buffer.alloc(NONCE_BYTES, 2),
    associatedData: Buffer.from('self-test'),
    input: Buffer.alloc(length, 3),
    output: Buffer.alloc(length),
    tag: Buffer.alloc(TAG_BYTES),
  });
  return [0, 1, 100].every((length) => {
    const [mine, theirs] = [make(length), make(length)];
    aead.encrypt(mine);
    reference.encrypt(theirs);
    const back = { ...mine, input: mine.output, output: Buffer.alloc(length) };
    const same =
      Buffer.compare(mine.output, theirs.output) === 0 &&
      Buffer.compare(mine.tag, theirs.tag) === 0;
    const opened = aead.decrypt(back) && Buffer.compare(back.output, mine.input) === 0;
    const forged = aead.decrypt({ ...back, tag: Buffer.alloc(TAG_BYTES, 9) });
    return same && opened && !forged;
  });
}

/** Never throws: where the symbols are missing or behave otherwise, node:crypto does it. */
export function loadAead(load: () => Evp = loadEvp): Aead {
  const fallback = new NodeAead();
  try {
    const native = new LibcryptoAead(load());
    return agrees(native, fallback) ? native : fallback;
  } catch {
    return fallback;
  }
}

const SLAB_BYTES = 65_536;
let slab = new ArrayBuffer(SLAB_BYTES);
let slabUsedBytes = 0;

/**
 * A buffer outside of V8's heap, where the collector would leave copies of small ones when it moves them. Zero; its
 * owner wipes it. Small ones are parts of one allocation, which goes when all of them have gone.
 */
export function allocateOffHeap(length: number): Buffer {
  if (length > SLAB_BYTES / 8) return Buffer.from(new ArrayBuffer(length));
  if (slabUsedBytes + length > SLAB_BYTES) {
    slab = new ArrayBuffer(SLAB_BYTES);
    slabUsedBytes = 0;
  }
  const bytes = Buffer.from(slab, slabUsedBytes, length);
  // No two share a word.
  slabUsedBytes += (length + 7) & ~7;
  return bytes;
}
