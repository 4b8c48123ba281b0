// A CA and a server certificate for one development server, made at its start. Not evidence of anything; here because
// this is where certificates are minted.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { concatBytes } from '../encoding/bytes.js';
import { encodePem } from '../encoding/pem.js';
import { der, derSequence } from './der-writer.js';
import { type MintCertificateOptions, mintCertificate } from './x509.js';

export interface DevelopmentTls {
  /** PEM, certificate and CA. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
  /** PEM, for clients. */
  readonly ca: string;
}

const dayMs = 86_400_000;
const subjectAltName = '2.5.29.17';
const extendedKeyUsage = '2.5.29.37';
/** id-kp-serverAuth. */
const serverAuth = Uint8Array.of(0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1);

function ipv4(text: string): Uint8Array {
  return Uint8Array.from(text.split('.').map(Number));
}

/** Valid from an hour before `now` for 30 days, for the DNS names and IPv4 addresses given. */
export function mintDevelopmentTls(options: {
  readonly now: Date;
  readonly hosts: readonly string[];
  readonly addresses: readonly string[];
}): DevelopmentTls {
  const ca = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const shared = {
    issuer: { CN: 'Vouchsafe development CA' },
    notBefore: new Date(options.now.getTime() - 3_600_000),
    notAfter: new Date(options.now.getTime() + 30 * dayMs),
    signingKey: ca.privateKey,
    signatureAlgorithm: 'ecdsa-p256-sha256',
  } as const;
  const names = concatBytes(
    ...options.hosts.map((host) => der(0x82, new TextEncoder().encode(host))),
    ...options.addresses.map((address) => der(0x87, ipv4(address))),
  );
  const root: MintCertificateOptions = {
    ...shared,
    subject: shared.issuer,
    serial: randomBytes(8).readBigUInt64BE() >> 1n,
    publicKey: ca.publicKey,
    ca: true,
  };
  const leaf: MintCertificateOptions = {
    ...shared,
    subject: { CN: options.hosts[0] ?? 'localhost' },
    serial: randomBytes(8).readBigUInt64BE() >> 1n,
    publicKey: server.publicKey,
    ca: false,
    keyUsageBits: 0x80,
    extensions: [
      { oid: subjectAltName, value: derSequence(names) },
      { oid: extendedKeyUsage, value: derSequence(serverAuth) },
    ],
  };
  const caPem = encodePem('CERTIFICATE', mintCertificate(root));
  return {
    certificate: encodePem('CERTIFICATE', mintCertificate(leaf)) + caPem,
    key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ca: caPem,
  };
}
