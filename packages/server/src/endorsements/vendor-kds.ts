// AMD's Key Distribution Service (specification 57230, chapter 4), or a cache in front of it: VCEK by chip and TCB,
// the authority over it, the root's revocation list. A VLEK is not to be had there: its host hands it out.
import {
  type EndorsementRef,
  EvidenceError,
  parseCertificate,
  parseCrl,
  parsePem,
  type SnpReport,
  snpEndorsementsFor,
} from '@vouchsafe/verifier';
import { VendorFault, type VendorGet } from './https-get.js';
import type { EndorsementSource, SnpKey } from './source.js';

export const AMD_KDS_URL = 'https://kdsintf.amd.com';
const CERTIFICATE_BYTES_MAX = 16 * 1024;
const CRL_BYTES_MAX = 1024 * 1024;

function refsOf(report: SnpReport, kind: string): readonly EndorsementRef[] {
  return snpEndorsementsFor(report).filter((ref) => ref.kind === kind);
}

/** Null when the service has no such thing: a version 2 report names two products, and is of one. */
async function unlessNotFound<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof VendorFault && error.kind === 'not-found') return null;
    throw error;
  }
}

/** @param url null for AMD's own service */
export function kdsSource(client: VendorGet, url: string | null): EndorsementSource {
  const base = (url ?? AMD_KDS_URL).replace(/\/+$/, '');

  async function fetchKey(vcek: EndorsementRef, chain: EndorsementRef): Promise<SnpKey> {
    const key = await client.get(base + vcek.id, CERTIFICATE_BYTES_MAX);
    const endorsementKey = new Uint8Array(key.body);
    parseCertificate(endorsementKey);
    const answer = await client.get(base + chain.id, CERTIFICATE_BYTES_MAX);
    const [authority] = parsePem(new Uint8Array(answer.body), {
      label: 'CERTIFICATE',
      blocksMax: 3,
      bytesMax: CERTIFICATE_BYTES_MAX,
    });
    if (authority === undefined) throw new EvidenceError('malformed', 'cert_chain: empty');
    return { endorsementKey, authority };
  }

  return {
    name: url === null ? 'amd' : 'kds',
    findDcap: async () => [],
    async findSnpKeys(report) {
      const chains = refsOf(report, 'authority');
      const found: SnpKey[] = [];
      for (const [index, vcek] of refsOf(report, 'vcek').entries()) {
        const chain = chains[index];
        if (chain === undefined) continue;
        const key = await unlessNotFound(() => fetchKey(vcek, chain));
        if (key !== null) found.push(key);
      }
      return found;
    },
    async findSnpCrls(report) {
      const found: Uint8Array[] = [];
      for (const { id } of refsOf(report, 'crl')) {
        const answer = await unlessNotFound(() => client.get(base + id, CRL_BYTES_MAX));
        if (answer === null) continue;
        const crl = new Uint8Array(answer.body);
        parseCrl(crl);
        found.push(crl);
      }
      return found;
    },
  };
}
