// Devices without a file: the process's own output, for containers whose platform collects it; no output at all; and
// what stands in for a device that can not work, so that it is missed.
import type { Writable } from 'node:stream';
import type { AuditDevice } from './device.js';
import { LineQueue } from './line-queue.js';

/** @param stream process.stdout, passed in by who opens devices; never closed here. */
export function streamDevice(stream: Writable): AuditDevice {
  const queue = new LineQueue(
    (bytes) =>
      new Promise((resolve, reject) => {
        stream.write(bytes, (error) => (error ? reject(error) : resolve()));
      }),
  );
  return {
    discards: false,
    append: (put) => queue.append(put),
    reopen: () => undefined,
    close: () => undefined,
  };
}

export const discardDevice: AuditDevice = {
  discards: true,
  append: async () => undefined,
  reopen: () => undefined,
  close: () => undefined,
};

/** Takes nothing. */
export function failingDevice(reason: unknown): AuditDevice {
  return {
    discards: false,
    append: () => Promise.reject(reason),
    reopen: () => {
      throw reason;
    },
    close: () => undefined,
  };
}
