// Which server certificates to believe and which to show, read from files once. Must never fall back to the system's
// roots when the caller named its own.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { InvalidRequestError } from '../errors.js';

export interface TlsSettings {
  /** PEM file with the roots to believe instead of the system's. */
  readonly caFile?: string | null;
  /** Folder of such files; every file in it that holds a PEM certificate counts. */
  readonly caPath?: string | null;
  /** PEM bytes of roots, beside the files. */
  readonly ca?: Buffer | null;
  readonly clientCertFile?: string | null;
  readonly clientKeyFile?: string | null;
  /** Name to ask for (SNI) and to expect in the certificate, instead of the address's host. */
  readonly serverName?: string | null;
  /** Believe any certificate. The caller warns the user. */
  readonly skipVerify?: boolean;
}

/** OpenSSL overwrites what it decrypted once it has been read: bit 1 in `openssl/ssl.h` of 1.1.1 and 3.x. */
const SSL_OP_CLEANSE_PLAINTEXT = 0x2;

function readPem(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new InvalidRequestError(`${what}: cannot read ${JSON.stringify(path)}: ${code}`);
  }
}

function readRoots(folder: string): Buffer[] {
  let names: string[];
  try {
    names = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new InvalidRequestError(`CA path: cannot read ${JSON.stringify(folder)}: ${code}`);
  }
  return names
    .map((name) => readPem(join(folder, name), 'CA path'))
    .filter((pem) => pem.includes('-----BEGIN CERTIFICATE-----'));
}

/**
 * Settings as node:tls takes them. Reads the files now, so that a missing one is told before a connection is tried.
 * @throws InvalidRequestError
 */
export function tlsOptions(settings: TlsSettings): ConnectionOptions {
  const roots: Buffer[] = [];
  if (settings.ca) roots.push(settings.ca);
  if (settings.caFile) roots.push(readPem(settings.caFile, 'CA certificate'));
  if (settings.caPath) roots.push(...readRoots(settings.caPath));
  const wanted = settings.ca || settings.caFile || settings.caPath;
  if (wanted && !roots.some((pem) => pem.includes('-----BEGIN CERTIFICATE-----'))) {
    throw new InvalidRequestError('CA certificate: no PEM certificate in the named files');
  }
  if (!settings.clientCertFile !== !settings.clientKeyFile) {
    throw new InvalidRequestError('client certificate: certificate and key must be given together');
  }
  return {
    minVersion: 'TLSv1.2',
    secureOptions: SSL_OP_CLEANSE_PLAINTEXT,
    rejectUnauthorized: settings.skipVerify !== true,
    ...(wanted ? { ca: roots } : {}),
    ...(settings.clientCertFile
      ? { cert: readPem(settings.clientCertFile, 'client certificate') }
      : {}),
    ...(settings.clientKeyFile ? { key: readPem(settings.clientKeyFile, 'client key') } : {}),
    ...(settings.serverName ? { servername: settings.serverName } : {}),
  };
}
