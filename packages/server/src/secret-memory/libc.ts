// The four C library calls that Node has no other way to make. Loading may fail (another libc, Gramine, no prebuilt
// binding): callers treat that as "not available" and say so, never as an error.
import { createRequire } from 'node:module';

/** Same number on every Linux architecture (asm-generic/unistd.h). */
const SYS_MEMFD_SECRET = 447;
const O_CLOEXEC = 0o2000000;
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const RLIMIT_CORE = 4;
const PR_SET_DUMPABLE = 4;

type NativeFunction = (...values: unknown[]) => unknown;
interface Koffi {
  load(path: string): { func(definition: string): NativeFunction };
  view(pointer: unknown, length: number): ArrayBuffer;
  address(pointer: unknown): bigint;
  errno(): number;
}

/** Thrown by every call here: which call, and the errno it left. */
export class LibcError extends Error {
  override readonly name = 'LibcError';
  constructor(call: string, errno: number) {
    super(`${call} failed: errno ${errno}`);
  }
}

export interface Libc {
  /**
   * Maps pages that the kernel hides from everybody else, root included; never unmapped. The descriptor is closed
   * again: whoever could duplicate it could map the same pages.
   * @param length multiple of the page size. @throws LibcError
   */
  mapSecretPages(length: number): ArrayBuffer;
  /** @throws LibcError */
  forbidCoreDumps(): void;
  /** @throws LibcError */
  setNotDumpable(): void;
}

/** @throws Error when the C library or the binding to it can not be loaded. */
export function loadLibc(): Libc {
  const koffi = createRequire(import.meta.url)('koffi') as Koffi;
  const library = koffi.load('libc.so.6');
  const syscall = library.func('long syscall(long number, unsigned int flags)');
  const ftruncate = library.func('int ftruncate(int fd, long length)');
  const mmap = library.func(
    'void *mmap(void *address, size_t length, int protection, int flags, int fd, long offset)',
  );
  const close = library.func('int close(int fd)');
  const setrlimit = library.func('int setrlimit(int resource, const uint64_t *limit)');
  const prctl = library.func('int prctl(int option, unsigned long value, long a, long b, long c)');
  return {
    mapSecretPages(length) {
      const fd = Number(syscall(SYS_MEMFD_SECRET, O_CLOEXEC));
      if (fd < 0) throw new LibcError('memfd_secret', koffi.errno());
      try {
        if (ftruncate(fd, length) !== 0) throw new LibcError('ftruncate', koffi.errno());
        const pages = mmap(null, length, PROT_READ_WRITE, MAP_SHARED, fd, 0);
        // MAP_FAILED is -1, which a test for null does not catch.
        if (pages === null || BigInt.asIntN(64, koffi.address(pages)) === -1n) {
          throw new LibcError('mmap', koffi.errno());
        }
        return koffi.view(pages, length);
      } finally {
        close(fd);
      }
    },
    forbidCoreDumps() {
      const none = new BigUint64Array([0n, 0n]);
      if (setrlimit(RLIMIT_CORE, none) !== 0) throw new LibcError('setrlimit', koffi.errno());
    },
    setNotDumpable() {
      if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) !== 0) throw new LibcError('prctl', koffi.errno());
    },
  };
}
