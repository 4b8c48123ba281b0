// Intel's Provisioning Certification Service, version 4, or a caching service (PCCS) that answers like it: the four
// documents that a quote is checked with, and the PCK certificate for quotes without one. Puts together; verify() checks.
import {
  type DcapEvidence,
  dcapEndorsementsFor,
  decodeHex,
  parseCertificate,
  parseCrl,
  parsePem,
  splitSignedDocument,
} from '@vouchsafe/verifier';
import type { VendorAnswer, VendorGet } from './https-get.js';
import type { EndorsementSource } from './source.js';

export const INTEL_PCS_URL = 'https://api.trustedservices.intel.com';
/** Intel's own service has the root's list at another place than a PCCS. */
const INTEL_ROOT_CRL_URL = 'https://certificates.trustedservices.intel.com/IntelSGXRootCA.der';
const JSON_BYTES_MAX = 512 * 1024;
const CRL_BYTES_MAX = 2 * 1024 * 1024;
const CHAIN_LENGTH_MAX = 32 * 1024;

/** Without a closing slash, and without the path that Intel's own client wants in its setting. */
function baseOf(url: string): string {
  return url.replace(/\/+$/, '').replace(/\/(?:sgx|tdx)\/certification\/v4$/, '');
}

/** An issuer chain is a percent-encoded PEM in a header; its name differs between documents. */
function chainOf(answer: VendorAnswer, names: readonly string[], what: string): string {
  const value = names.map((name) => answer.headers.get(name)).find((each) => each !== undefined);
  if (value === undefined) throw new Error(`${what}: no issuer chain (${names[0]})`);
  if (value.length > CHAIN_LENGTH_MAX) throw new Error(`${what}: issuer chain is too long`);
  try {
    return decodeURIComponent(value);
  } catch {
    throw new Error(`${what}: issuer chain is not percent-encoded`);
  }
}

/** A PCCS answers with hex, Intel with DER. @throws EvidenceError when it is no CRL */
function crlOf({ body }: VendorAnswer): Uint8Array {
  const text = body.toString('latin1').trim();
  const der = /^[0-9a-fA-F]+$/.test(text) ? decodeHex(text) : new Uint8Array(body);
  parseCrl(der);
  return der;
}

interface Pck {
  /** With the platform's certificate in it. */
  readonly evidence: DcapEvidence;
  /** Null when the quote has it. */
  readonly chain: string | null;
}

/**
 * The quote with its PCK certificate. Intel's own service wants the encrypted PPID (and a subscription); a PCCS knows
 * platforms by the id of their quoting enclave, too. Null when the quote does not say what the service wants to know.
 */
async function withPck(
  client: VendorGet,
  { sgx, isIntel }: { readonly sgx: string; readonly isIntel: boolean },
  evidence: DcapEvidence,
): Promise<Pck | null> {
  const ref = dcapEndorsementsFor(evidence).find(({ kind }) => kind === 'pck-certificate');
  if (ref === undefined) return { evidence, chain: null };
  const query = new URLSearchParams(ref.id);
  if (!query.has(isIntel ? 'encrypted_ppid' : 'cpusvn')) return null;
  if (isIntel) query.delete('qeid');
  const answer = await client.get(`${sgx}/pckcert?${query}`, CHAIN_LENGTH_MAX);
  const leaf = answer.body.toString('latin1');
  const [der] = parsePem(leaf, { label: 'CERTIFICATE', blocksMax: 1, bytesMax: CHAIN_LENGTH_MAX });
  if (der === undefined) throw new Error('PCK certificate: none in the answer');
  const issuers = chainOf(answer, ['sgx-pck-certificate-issuer-chain'], 'PCK certificate');
  const chain = `${leaf.trimEnd()}\n${issuers}`;
  return { evidence: { ...evidence, pckChain: [parseCertificate(der)] }, chain };
}

/** @param url null for Intel's own service */
export function pcsSource(client: VendorGet, url: string | null): EndorsementSource {
  const base = baseOf(url ?? INTEL_PCS_URL);
  const rootCrlUrl = url === null ? INTEL_ROOT_CRL_URL : `${base}/sgx/certification/v4/rootcacrl`;
  const sgx = `${base}/sgx/certification/v4`;
  return {
    name: url === null ? 'intel' : 'pccs',
    async findDcap(bare) {
      const pck = await withPck(client, { sgx, isIntel: url === null }, bare);
      if (pck === null) return [];
      const { evidence, chain } = pck;
      const own = `${base}/${evidence.quote.tee.toLowerCase()}/certification/v4`;
      const refs = new Map(dcapEndorsementsFor(evidence).map((ref) => [ref.kind, ref.id]));
      const fmspc = refs.get('tcb-info') ?? '';
      const ca = refs.get('pck-crl') ?? '';
      // First the one that says whether the service knows this kind of platform at all.
      const tcb = await client.get(`${own}/tcb?fmspc=${fmspc}`, JSON_BYTES_MAX);
      const [identity, pckCrl, rootCrl] = await Promise.all([
        client.get(`${own}/qe/identity`, JSON_BYTES_MAX),
        client.get(`${sgx}/pckcrl?ca=${ca}&encoding=der`, CRL_BYTES_MAX),
        client.get(rootCrlUrl, CRL_BYTES_MAX),
      ]);
      const tcbInfo = splitSignedDocument(tcb.body.toString('utf8'), 'tcbInfo');
      const qeIdentity = splitSignedDocument(identity.body.toString('utf8'), 'enclaveIdentity');
      return [
        {
          format: 'dcap',
          pckCertificateChain: chain,
          pckCrlIssuerChain: chainOf(pckCrl, ['sgx-pck-crl-issuer-chain'], 'PCK CRL'),
          rootCaCrl: crlOf(rootCrl),
          pckCrl: crlOf(pckCrl),
          tcbInfoIssuerChain: chainOf(
            tcb,
            ['tcb-info-issuer-chain', 'sgx-tcb-info-issuer-chain'],
            'TCB info',
          ),
          tcbInfo: tcbInfo.text,
          tcbInfoSignature: tcbInfo.signature,
          qeIdentityIssuerChain: chainOf(
            identity,
            ['sgx-enclave-identity-issuer-chain'],
            'QE identity',
          ),
          qeIdentity: qeIdentity.text,
          qeIdentitySignature: qeIdentity.signature,
        },
      ];
    },
    findSnpKeys: async () => [],
    findSnpCrls: async () => [],
  };
}
