// The development server: unsealed at start, its root token printed, secret/ mounted. Never for anything real.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareDatabase } from '../core/first-writes.js';
import { type MountEntry, newMountEntry } from '../core/mounts/entry.js';
import { makeDirectory } from '../framework/make-directory.js';
import type { Assembly } from './assemble.js';
import { type ServerOptions, StartError } from './options.js';
import { simulatedTeeFormats } from './simulated-tee.js';

const DEV_SECRETS_FILE = 'dev-server.json';

/** What a development server keeps beside its data, so that the next start opens it. */
interface DevSecrets {
  readonly unsealKey: string;
  readonly rootToken: string;
}

export function devMounts(options: ServerOptions): readonly MountEntry[] {
  if (options.devNoKv) return [];
  const version = options.devKvV1 ? '1' : '2';
  const description = 'key/value secret storage';
  return [
    newMountEntry({
      kind: 'secret',
      path: 'secret/',
      type: 'kv',
      description,
      options: { version },
    }),
  ];
}

/** Initialises or reopens, and unseals. @throws StartError when the folder holds a database of another kind */
export async function openDevServer(
  assembly: Assembly,
  options: ServerOptions,
  clock: () => number,
): Promise<DevSecrets> {
  const file = options.devStorage === null ? null : join(options.devStorage, DEV_SECRETS_FILE);
  const secrets = (await assembly.lifecycle.isInitialised())
    ? readSecrets(file)
    : await initialise(assembly, options, file, clock);
  const share = Buffer.from(secrets.unsealKey, 'base64');
  const status = await assembly.lifecycle.unseal(share);
  share.fill(0);
  if (status.sealed) throw new StartError('the development database did not open with its key');
  await assembly.activate();
  return secrets;
}

async function initialise(
  assembly: Assembly,
  options: ServerOptions,
  file: string | null,
  clock: () => number,
): Promise<DevSecrets> {
  const rootTokenId = options.devRootTokenId === null ? null : Buffer.from(options.devRootTokenId);
  const wanted = { rootTokenId, extraMounts: devMounts(options), clusterName: '' };
  const { shares, prepared } = await assembly.lifecycle.initialise(
    { secretShares: 1, secretThreshold: 1 },
    (storage) => prepareDatabase(storage, wanted, clock()),
  );
  const secrets: DevSecrets = {
    unsealKey: (shares[0] ?? Buffer.alloc(0)).toString('base64'),
    rootToken: prepared.rootToken.toString('latin1'),
  };
  for (const bytes of [...shares, prepared.rootToken]) bytes.fill(0);
  if (file !== null) {
    writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
    chmodSync(file, 0o600);
  }
  return secrets;
}

function readSecrets(file: string | null): DevSecrets {
  if (file !== null && existsSync(file)) {
    return JSON.parse(readFileSync(file, 'utf8')) as DevSecrets;
  }
  throw new StartError(
    `the folder holds a database that no -dev server made (${DEV_SECRETS_FILE} is not beside it); start it with -config`,
  );
}

/** @throws StartError when the folder cannot be made */
export function devStorageFolder(folder: string): string {
  try {
    makeDirectory(folder);
    return join(folder, 'data');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`-dev-storage ${folder}: cannot be made (${code ?? 'unknown fault'})`);
  }
}

/** PEM files in a folder of this server's own. */
export interface DevCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** What clients need. */
  readonly caFile: string;
  /** Deletes the folder; may be called again. */
  remove(): void;
}

/** A certificate for localhost, good for this start, in a folder whose name nobody can know beforehand. */
export async function makeDevCertificate(): Promise<DevCertificate> {
  const { mintDevelopmentTls } = await import('@vouchsafe/verifier/testing');
  const folder = mkdtempSync(join(tmpdir(), 'vouchsafe-tls-'));
  const files = {
    certFile: join(folder, 'vouchsafe-cert.pem'),
    keyFile: join(folder, 'vouchsafe-key.pem'),
    caFile: join(folder, 'vouchsafe-ca.pem'),
  };
  const minted = mintDevelopmentTls({
    now: new Date(),
    hosts: ['localhost'],
    addresses: ['127.0.0.1'],
  });
  writeFileSync(files.certFile, minted.certificate);
  writeFileSync(files.keyFile, minted.key, { mode: 0o600 });
  writeFileSync(files.caFile, minted.ca);
  return { ...files, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Test harnesses read the lines "Unseal Key: …" and "Root Token: …". */
export function devBanner(parts: {
  readonly address: string;
  readonly secrets: DevSecrets;
  readonly caFile: string | null;
  readonly teeFolder: string | null;
  readonly storage: string | null;
}): string {
  const lines = [
    'WARNING! This is a development server: unsealed, its root token in plain sight. Nothing real belongs in it.',
    parts.storage === null
      ? 'Data is kept in memory and is gone when the server stops.'
      : `Data is kept in ${parts.storage}, and so is the key that opens it.`,
  ];
  if (parts.teeFolder !== null) {
    lines.push(
      `WARNING! Evidence of a SIMULATED TEE is accepted (${parts.teeFolder}): it proves nothing about hardware.`,
      `         Formats: ${simulatedTeeFormats.join(', ')}.`,
    );
  }
  lines.push('', 'You may need to set:', '', `    $ export VAULT_ADDR='${parts.address}'`);
  if (parts.caFile !== null) lines.push(`    $ export VAULT_CACERT='${parts.caFile}'`);
  lines.push(
    '',
    `Unseal Key: ${parts.secrets.unsealKey}`,
    `Root Token: ${parts.secrets.rootToken}`,
    '',
  );
  return `${lines.join('\n')}\n`;
}
