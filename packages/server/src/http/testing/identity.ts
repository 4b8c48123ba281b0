// A self-signed certificate for tests.
import { generateKeyPairSync } from 'node:crypto';
import { mintCertificate } from '@vouchsafe/verifier/testing';

export interface Identity {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  readonly der: Buffer;
}

/** For 127.0.0.1 and localhost. */
const ALT_NAMES = Buffer.concat([
  Buffer.from([0x30, 17, 0x87, 4, 127, 0, 0, 1, 0x82, 9]),
  Buffer.from('localhost'),
]);
const DAY_MS = 86_400_000;

export function mintIdentity(name: string): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = Buffer.from(
    mintCertificate({
      subject: { CN: name },
      issuer: { CN: name },
      serial: 1,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      publicKey,
      signingKey: privateKey,
      signatureAlgorithm: 'ecdsa-p256-sha256',
      ca: true,
      // digitalSignature, keyCertSign, cRLSign
      keyUsageBits: 0x86,
      extensions: [{ oid: '2.5.29.17', value: ALT_NAMES }],
    }),
  );
  const lines = (der.toString('base64').match(/.{1,64}/g) ?? []).join('\n');
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    der,
  };
}
