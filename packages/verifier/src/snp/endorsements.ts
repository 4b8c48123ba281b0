// Which endorsements a report needs, and the forms in which hosts hand them out. Nothing here is
// trusted: verify() checks all of it.

import { encodeHex } from '../encoding/hex.js';
import { EvidenceError } from '../errors.js';
import { parseCertificate, parseCertificatesPem } from '../pki/certificate.js';
import type { EndorsementRef } from '../types.js';
import { parseCertificateTable } from './certificate-table.js';
import type { SnpReport } from './parse.js';
import { findProductByName, productTitles, type SnpProduct } from './product.js';
import { amdCertificates } from './roots/roots.js';
import type { TcbPart } from './tcb.js';
import type { SnpEndorsements } from './verify.js';

const levelNames: Readonly<Record<TcbPart, string>> = {
  fmc: 'fmcSPL',
  bootloader: 'blSPL',
  tee: 'teeSPL',
  snp: 'snpSPL',
  microcode: 'ucodeSPL',
};

function vcekPath(report: SnpReport, product: SnpProduct): string {
  const hwid = encodeHex(report.chipId.subarray(0, product === 'turin' ? 8 : 64));
  const levels = Object.entries(report.reportedTcb.parts).map(
    ([part, level]) => `${levelNames[part as TcbPart]}=${level}`,
  );
  return `/vcek/v1/${productTitles[product]}/${hwid}?${levels.join('&')}`;
}

/**
 * Paths at AMD's key distribution service (https://kdsintf.amd.com; specification 57230, chapter 4).
 * A VLEK comes from the host, so only its authority and list are named. A version 2 report does not
 * say its product: there is one reference per possible product, and all but one will not be found.
 */
export function snpEndorsementsFor(report: SnpReport): readonly EndorsementRef[] {
  const { signer } = report.keyInfo;
  const products: readonly SnpProduct[] =
    report.product === null ? ['milan', 'genoa'] : [report.product];
  return products.flatMap((product) => {
    const base = `/${signer}/v1/${productTitles[product]}`;
    const authority = { kind: 'authority', id: `${base}/cert_chain` };
    const crl = { kind: 'crl', id: `${base}/crl` };
    if (signer === 'vlek') return [authority, crl];
    return [{ kind: 'vcek', id: vcekPath(report, product) }, authority, crl];
  });
}

/**
 * Endorsements from the PEM bundle that hosts hand out: the key's certificate first, then its
 * authority, then perhaps a root, which is dropped: roots are the caller's to choose.
 * @throws EvidenceError 'malformed' or as parseCertificate
 */
export function snpEndorsementsFromPem(
  pem: Uint8Array | string,
  revocation: SnpEndorsements['revocation'],
): SnpEndorsements {
  const [key, authority, ...rest] = parseCertificatesPem(pem);
  if (key === undefined || authority === undefined || rest.length > 1) {
    throw new EvidenceError('malformed', 'SNP certificates: want key, authority and perhaps root');
  }
  return { format: 'sev-snp', endorsementKey: key.raw, authority: authority.raw, revocation };
}

/** Endorsements from a key's certificate alone, with the authority that AMD has for it. */
export function snpEndorsementsFromKey(
  endorsementKey: Uint8Array,
  kind: { readonly product: SnpProduct; readonly signer: 'vcek' | 'vlek' },
  revocation: SnpEndorsements['revocation'],
): SnpEndorsements {
  const { ask, asvk } = amdCertificates[kind.product];
  const authority = kind.signer === 'vcek' ? ask : asvk;
  return { format: 'sev-snp', endorsementKey, authority, revocation };
}

/** The product in an endorsement key's issuer name, 'SEV-Milan' or 'SEV-VLEK-Milan'. */
function productOfIssuer(endorsementKey: Uint8Array): SnpProduct {
  const { commonName } = parseCertificate(endorsementKey).issuer;
  const product = findProductByName(commonName?.replace(/^SEV-(VLEK-)?/, '') ?? '');
  if (product === null) {
    throw new EvidenceError('unsupported-product', 'endorsement key: issuer names no product');
  }
  return product;
}

/**
 * Endorsements from the table that the host hands over with a report (Linux configfs-tsm: `auxblob`).
 * An authority that is not in it is AMD's.
 * @throws EvidenceError 'collateral-missing' if the table lacks the kind of key that signed `report`
 */
export function snpEndorsementsFromTable(
  table: Uint8Array,
  report: SnpReport,
  revocation: SnpEndorsements['revocation'],
): SnpEndorsements {
  const certificates = parseCertificateTable(table);
  const { signer } = report.keyInfo;
  const endorsementKey = certificates[signer];
  if (endorsementKey === null) {
    throw new EvidenceError('collateral-missing', `certificate table: no ${signer}`);
  }
  const { ask: authority } = certificates;
  if (authority !== null) return { format: 'sev-snp', endorsementKey, authority, revocation };
  const product = report.product ?? productOfIssuer(endorsementKey);
  return snpEndorsementsFromKey(endorsementKey, { product, signer }, revocation);
}
