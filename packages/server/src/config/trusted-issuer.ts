// `trusted_issuer "FORMAT" { … }` of the stanza `attestation`: whose results of another verifier are believed. Names
// files, and reads none.
import type { TrustedIssuerConfig } from './server-config.js';
import { Stanza } from './stanza.js';

function readIssuer(stanza: Stanza, format: string): TrustedIssuerConfig | null {
  const issuer = stanza.string('issuer');
  const audience = stanza.string('audience');
  const jwksFile = stanza.string('jwks_file');
  const rootFile = stanza.string('root_file');
  stanza.finish({});
  if (issuer === null || issuer === '') {
    stanza.fail('issuer', 'config-missing', '"issuer" is missing: want its name to the letter');
    return null;
  }
  const file = jwksFile ?? rootFile;
  if (file === null || (jwksFile !== null && rootFile !== null)) {
    stanza.fail(null, 'config-missing', 'want "jwks_file" or "root_file", and not both');
    return null;
  }
  return { format, issuer, audience, keys: { kind: jwksFile === null ? 'root' : 'jwks', file } };
}

/** Whether a format is one that takes issuers is found out at start. */
export function readTrustedIssuers(attestation: Stanza): readonly TrustedIssuerConfig[] {
  return attestation.blocks('trusted_issuer', 1).flatMap((block) => {
    const format = block.labels[0] ?? '';
    const { problems, file } = attestation;
    const stanza = new Stanza(problems, file, `trusted_issuer "${format}"`, block);
    return readIssuer(stanza, format) ?? [];
  });
}
