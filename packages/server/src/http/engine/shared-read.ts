// Reads a plain connection into one buffer that all connections share, as Node's own HTTP parser does, instead of into
// one of 64 KiB that is allocated for every read (docs/decisions/0008-one-read-buffer.md). Node lets only clients ask for
// that (`onread` of net.connect); here the same switch is found and set on accepted sockets.
import net from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';

/** As Node reads. */
const READ_BYTES = 65_536;

/** Calls are synchronous: whoever reads has taken what it needs, and wiped it, before the next read. */
const shared = Buffer.alloc(READ_BYTES);

type Take = (chunk: Buffer) => void;

interface Handle {
  useUserBuffer(buffer: Buffer): void;
}

interface Switches {
  readonly buffer: symbol;
  readonly callback: symbol;
}

/** The properties that `onread` sets; null where this version of Node names them otherwise. */
function findSwitches(): Switches | null {
  const probeBuffer = Buffer.alloc(1);
  const probeCallback = (): boolean => true;
  const probe = new net.Socket({
    onread: { buffer: probeBuffer, callback: probeCallback },
  } as net.SocketConstructorOpts);
  const fields = probe as unknown as Record<symbol, unknown>;
  const find = (value: unknown): symbol | undefined =>
    Object.getOwnPropertySymbols(probe).find((name) => fields[name] === value);
  const [buffer, callback] = [find(probeBuffer), find(probeCallback)];
  probe.destroy();
  return buffer === undefined || callback === undefined ? null : { buffer, callback };
}

const switches = findSwitches();

function findHandle(socket: net.Socket): Handle | null {
  const { _handle: handle } = socket as unknown as { readonly _handle?: Partial<Handle> | null };
  return typeof handle?.useUserBuffer === 'function' ? (handle as Handle) : null;
}

/**
 * From now on `take` gets what `socket` receives, in bytes that are good until it returns and that it wipes. There are no 'data'
 * events then; everything else is as before. False, and nothing has changed, for TLS (which gains nothing: its reads have
 * buffers of their size), for streams that are no sockets, for sockets that hold something already, and for versions of Node
 * that do not have this.
 */
export function readShared(socket: Duplex, take: Take): boolean {
  if (!(socket instanceof net.Socket) || socket instanceof tls.TLSSocket) return false;
  const handle = findHandle(socket);
  if (switches === null || handle === null || socket.readableLength > 0) return false;
  Object.assign(socket, {
    [switches.buffer]: shared,
    [switches.callback]: (length: number) => {
      take(shared.subarray(0, length));
      return true;
    },
  });
  handle.useUserBuffer(shared);
  // Its end is seen only by who reads.
  socket.resume();
  return true;
}
