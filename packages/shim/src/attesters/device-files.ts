// The few file operations that the interfaces of platforms need, apart so that a test can stand in for the kernel.
// Every read is bounded.
import { mkdir, open, rmdir, stat } from 'node:fs/promises';
import { ShimError } from '../errors.js';

export interface DeviceFiles {
  isFolder(path: string): Promise<boolean>;
  isFile(path: string): Promise<boolean>;
  makeFolder(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  write(path: string, bytes: Uint8Array): Promise<void>;
  /** @throws ShimError 'evidence-too-large', or the system's error */
  read(path: string, bytesMax: number): Promise<Buffer>;
}

export const nodeDeviceFiles: DeviceFiles = {
  async isFolder(path) {
    try {
      return (await stat(path)).isDirectory();
    } catch {
      return false;
    }
  },
  async isFile(path) {
    try {
      return (await stat(path)).isFile();
    } catch {
      return false;
    }
  },
  async makeFolder(path) {
    await mkdir(path, { mode: 0o700 });
  },
  async removeFolder(path) {
    await rmdir(path);
  },
  async write(path, bytes) {
    // One write: the kernel takes an attribute whole. Attributes exist; O_CREAT would be wrong.
    const file = await open(path, 'r+');
    try {
      await file.write(bytes, 0, bytes.length, null);
    } finally {
      await file.close();
    }
  },
  async read(path, bytesMax) {
    const file = await open(path, 'r');
    try {
      // Sizes of attributes say nothing: read until there is no more.
      const bytes = Buffer.alloc(bytesMax + 1);
      let length = 0;
      while (length < bytes.length) {
        const { bytesRead } = await file.read(bytes, length, bytes.length - length, null);
        if (bytesRead === 0) return bytes.subarray(0, length);
        length += bytesRead;
      }
      throw new ShimError('evidence-too-large', `${path}: more than ${bytesMax} bytes`);
    } finally {
      await file.close();
    }
  },
};
