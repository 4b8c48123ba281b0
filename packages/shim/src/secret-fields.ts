// Turns what a role provisions into bytes: each secret is read once, its field found in the answer's bytes, and the
// answer wiped. Values never become strings here.
import { isUtf8 } from 'node:buffer';
import { ShimError } from './errors.js';
import { copyJsonValue, findJsonValue, type JsonRange } from './json-bytes.js';
import type { ProvisionedEnv, ProvisionedFile } from './provision-document.js';
import { ServerRefusalError } from './server-api.js';
import type { Session } from './session.js';

export interface DeliveredEnv {
  readonly item: ProvisionedEnv;
  /** UTF-8 without NUL. */
  readonly value: Buffer;
}

export interface DeliveredFile {
  readonly item: ProvisionedFile;
  readonly value: Buffer;
}

/** Everything a role delivers, as buffers that wipe() clears. */
export interface Delivery {
  readonly env: readonly DeliveredEnv[];
  readonly files: readonly DeliveredFile[];
  wipe(): void;
}

/** KV version 2 has the secret's fields below data.data, beside data.metadata; everything else has them in data. */
function findField(answer: Buffer, field: string): JsonRange | null {
  const inner = findJsonValue(answer, ['data', 'data']);
  const version = findJsonValue(answer, ['data', 'metadata', 'version']);
  const isVersioned = inner?.kind === 'object' && version?.kind === 'number';
  return findJsonValue(answer, isVersioned ? ['data', 'data', field] : ['data', field]);
}

function fieldMissing(path: string, field: string): ShimError {
  return new ShimError('secret-field-missing', `${path}: has no field ${JSON.stringify(field)}`, {
    hint: 'put it there, or correct the role’s provision',
  });
}

/** A field's bytes: a string decoded, numbers and structures as JSON text. @throws ShimError */
export function copyField(answer: Buffer, path: string, field: string): Buffer {
  const range = findField(answer, field);
  if (range === null || range.kind === 'null') throw fieldMissing(path, field);
  return copyJsonValue(answer, range);
}

/** Standard base64 with padding, white space at the end allowed. Wipes `text`. @throws ShimError */
export function decodeSecretBase64(text: Buffer, path: string, field: string): Buffer {
  try {
    let length = text.length;
    while (length > 0 && (text[length - 1] ?? 0) <= 0x20) length -= 1;
    const padding = text[length - 1] !== 0x3d ? 0 : text[length - 2] === 0x3d ? 2 : 1;
    if (length % 4 !== 0) throw notBase64(path, field);
    const out = Buffer.alloc((length / 4) * 3 - padding);
    let bits = 0;
    let at = 0;
    for (let index = 0; index < length; index += 1) {
      const digit = index < length - padding ? base64Digit(text[index] ?? 0) : 0;
      if (digit < 0) {
        out.fill(0);
        throw notBase64(path, field);
      }
      bits = (bits << 6) | digit;
      if (index % 4 !== 3) continue;
      for (const shift of [16, 8, 0]) {
        if (at < out.length) out[at] = (bits >> shift) & 0xff;
        at += 1;
      }
      bits = 0;
    }
    return out;
  } finally {
    text.fill(0);
  }
}

function base64Digit(byte: number): number {
  if (byte >= 0x41 && byte <= 0x5a) return byte - 0x41;
  if (byte >= 0x61 && byte <= 0x7a) return byte - 0x61 + 26;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30 + 52;
  if (byte === 0x2b) return 62;
  return byte === 0x2f ? 63 : -1;
}

function notBase64(path: string, field: string): ShimError {
  return new ShimError(
    'secret-not-base64',
    `${path}: field ${JSON.stringify(field)} is not base64`,
  );
}

function checkEnvValue(value: Buffer, item: ProvisionedEnv): void {
  if (isUtf8(value) && !value.includes(0)) return;
  throw new ShimError(
    'secret-not-text',
    `${item.secretPath}: field ${JSON.stringify(item.field)} cannot be an environment variable`,
    { hint: 'it holds a zero byte; deliver it as a file' },
  );
}

async function readSecret(session: Session, path: string): Promise<Buffer> {
  try {
    return await session.read(path);
  } catch (error) {
    if (!(error instanceof ServerRefusalError)) throw error;
    throw new ShimError('secret-refused', `${path}: ${error.message}`, {
      hint: 'the role’s token policies must allow reading it, and it must be there',
      cause: error,
    });
  }
}

/** Reads everything the session's role provisions. Wipes what it has when anything is missing. @throws ShimError */
export async function readDelivery(session: Session): Promise<Delivery> {
  const { env, files } = session.provision;
  const answers = new Map<string, Buffer>();
  const delivered: { env: DeliveredEnv[]; files: DeliveredFile[] } = { env: [], files: [] };
  const wipe = (): void => {
    for (const { value } of [...delivered.env, ...delivered.files]) value.fill(0);
  };
  try {
    for (const { secretPath } of [...env, ...files]) {
      if (answers.has(secretPath)) continue;
      answers.set(secretPath, await readSecret(session, secretPath));
    }
    const answerOf = (path: string): Buffer => answers.get(path) ?? Buffer.alloc(0);
    for (const item of env) {
      const value = copyField(answerOf(item.secretPath), item.secretPath, item.field);
      delivered.env.push({ item, value });
      checkEnvValue(value, item);
    }
    for (const item of files) {
      const { secretPath, field, encoding } = item;
      const text = copyField(answerOf(secretPath), secretPath, field);
      const value = encoding === 'utf8' ? text : decodeSecretBase64(text, secretPath, field);
      delivered.files.push({ item, value });
    }
    return { ...delivered, wipe };
  } catch (error) {
    wipe();
    throw error;
  } finally {
    for (const answer of answers.values()) answer.fill(0);
  }
}
