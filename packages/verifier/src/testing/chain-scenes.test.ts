// The chains and CRLs that are shown to openssl too: those minted here, and every vendor's genuine ones,
// as they are and signed anew with keys of ours, so that what is changed in them is signed again.
// Holds no test of its own: the name keeps it out of the published package.

import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { decodeHex } from '../encoding/hex.js';
import { parseNitroDocument } from '../nitro/parse.js';
import { parseCertificate, parseCertificatesPem } from '../pki/certificate.js';
import type { SignatureAlgorithm } from '../provider.js';
import { crl, day, mint, now } from './chain-fixture.js';
import { text } from './dcap-vectors.test.js';
import { childOf, childrenOf, type DerNode, readDerTree, writeDerTree } from './der-tree.test.js';
import { der, derOctetString, derSequence } from './der-writer.js';
import { readVector, vectorsPresent } from './vectors.test.js';
import { signX509 } from './x509.js';

/** What both verifiers are given. Chains are leaf first, the root at the end and pinned. */
export interface ChainInput {
  readonly chain: readonly Uint8Array[];
  readonly root: Uint8Array;
  /** None: revocation is not checked. */
  readonly crls: readonly Uint8Array[];
  readonly now: Date;
}

export interface ChainScene extends ChainInput {
  readonly name: string;
  /** How each certificate of the chain is signed, and the CRL beside it; null for genuine ones. */
  readonly signers: readonly Signer[] | null;
}

export interface Signer {
  readonly key: KeyObject;
  readonly algorithm: SignatureAlgorithm;
}

/** Fields of tbsCertificate of version 3. */
export const tbsField = {
  version: 0,
  serial: 1,
  algorithm: 2,
  issuer: 3,
  validity: 4,
  subject: 5,
  key: 6,
  extensions: 7,
} as const;

/** Fields of tbsCertList. */
export const crlField = { algorithm: 1, issuer: 2, thisUpdate: 3, nextUpdate: 4 } as const;

/** Signs the first child of a certificate or CRL anew. */
export function signTree(tree: DerNode, { algorithm, key }: Signer): void {
  const signature = signX509(algorithm, key, writeDerTree(childOf(tree, 0)));
  childOf(tree, 2).contents = Uint8Array.of(0, ...signature);
}

const pem = (bytes: Uint8Array | string): Uint8Array[] =>
  parseCertificatesPem(bytes).map(({ raw }) => raw);
const latin1 = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

type Genuine = Omit<ChainInput, 'root'> & { readonly name: string };

function intelPck(): Genuine {
  const path = 'sgx/phala-dcap-qvl/sgx-v3-production';
  const quote = latin1(readVector(`${path}.quote`));
  const collateral = JSON.parse(text(`${path}.collateral.json`)) as Record<string, string>;
  const { root_ca_crl: root = '', pck_crl: pck = '' } = collateral;
  const chain = pem(quote.slice(quote.indexOf('-----BEGIN'), quote.lastIndexOf('-----') + 6));
  const crls = [pck, root].map(decodeHex);
  return { name: 'Intel PCK', chain, crls, now: new Date('2025-07-04T10:28:44Z') };
}

function intelTcb(): Genuine {
  const path = 'sgx/phala-dcap-qvl/sgx-v3-production';
  const collateral = JSON.parse(text(`${path}.collateral.json`)) as Record<string, string>;
  const chain = pem(collateral.tcb_info_issuer_chain ?? '');
  const crls = [decodeHex(collateral.root_ca_crl ?? '')];
  return { name: 'Intel TCB signing', chain, crls, now: new Date('2025-07-04T10:28:44Z') };
}

function azureVtpm(): Genuine {
  const file = JSON.parse(
    text('tpm/flashbots-attested-tls/azure-tdx-vtpm-2026-06.evidence.json'),
  ) as {
    tpm_attestation: { ak_certificate_pem: string; ak_intermediate_certificates_pem: string[] };
  };
  const { ak_certificate_pem: leaf, ak_intermediate_certificates_pem: rest } = file.tpm_attestation;
  const chain = [leaf, ...rest].flatMap(pem);
  const roots = pem(readVector('roots/azure-virtual-tpm-root-2023.pem'));
  const all = [...chain, ...roots].filter(
    (each, index, list) => list.findIndex((other) => latin1(other) === latin1(each)) === index,
  );
  return { name: 'Azure vTPM', chain: all, crls: [], now: day('2026-06-23') };
}

function genuine(): Genuine[] {
  const nitro = parseNitroDocument(readVector('nitro/dstack/nitro-production-1.cose'));
  const roots = (name: string) => readVector(`roots/${name}`);
  const at = day('2026-01-01');
  const amd = (name: string, leaf: Uint8Array, authority: string): Genuine => ({
    name: `AMD ${name}`,
    chain: [leaf, ...pem(readVector(authority))],
    crls: [],
    now: day('2025-06-01'),
  });
  return [
    intelPck(),
    intelTcb(),
    amd(
      'Milan VLEK',
      readVector('snp/trustee/snp-v3-milan-vlek.vlek.der'),
      'snp/go-sev-guest/milan-vlek-chain.pem',
    ),
    amd(
      'Turin VCEK',
      readVector('snp/virtee-sev/turin-only.vcek.der'),
      'snp/virtee-sev/turin-vcek-chain.pem',
    ),
    {
      name: 'AWS Nitro',
      chain: [nitro.certificate, ...[...nitro.cabundle].reverse()],
      crls: [],
      now: new Date('2025-12-25T13:15:40Z'),
    },
    {
      name: 'NVIDIA',
      chain: pem(readVector('gpu/nvtrust/hopper-cert-chain.pem')),
      crls: [],
      now: at,
    },
    azureVtpm(),
    {
      name: 'Google vTPM',
      chain: [
        ...pem(readVector('tpm/go-tpm-tools/gce-ak-pca-tpm-ecc-sign.pem')),
        roots('gcp-vtpm-gcp-ek-ak-ca-intermediate-v3.crt'),
        roots('gcp-vtpm-gcp-ek-ak-ca-root.crt'),
      ],
      crls: [],
      now: at,
    },
  ];
}

function minted(): Genuine {
  const own = (byte: number) => {
    const value = derOctetString(new Uint8Array(20).fill(byte));
    return { oid: '2.5.29.14', value };
  };
  const issuers = (byte: number) => {
    const value = derSequence(der(0x80, new Uint8Array(20).fill(byte)));
    return { oid: '2.5.29.35', value };
  };
  const chain = [
    mint('leaf', { extensions: [own(3), issuers(2)] }),
    mint('middle', { extensions: [own(2), issuers(1)] }),
    mint('root', { extensions: [own(1), issuers(1)] }),
  ];
  return { name: 'minted', chain, crls: [crl('middle').raw, crl('root').raw], now };
}

function rootOf(chain: readonly Uint8Array[]): Uint8Array {
  const root = chain.at(-1);
  assert.ok(root);
  return root;
}

type KeyPair = ReturnType<typeof generateKeyPairSync>;

// They take long to make. As many as a chain has links: no two links may have the same.
const rsaPairs = [0, 1, 2, 3].map(() => generateKeyPairSync('rsa', { modulusLength: 2048 }));

/** A key of ours of the same kind as the certificate's. */
function keyLike(certificate: Uint8Array, index: number): KeyPair {
  const { publicKey } = parseCertificate(certificate);
  if (publicKey.kind === 'ec') {
    return generateKeyPairSync('ec', {
      namedCurve: publicKey.curve === 'p256' ? 'P-256' : 'P-384',
    });
  }
  const pair = rsaPairs[index];
  assert.ok(pair);
  return pair;
}

/** With a key of ours, as the certificate says that it is signed. */
function signerLike(certificate: Uint8Array, key: KeyObject): Signer {
  const { scheme, digest } = parseCertificate(certificate).signatureAlgorithm;
  if (scheme !== 'ecdsa') return { key, algorithm: `${scheme}-${digest}` };
  return { key, algorithm: digest === 'sha384' ? 'ecdsa-p384-sha384' : 'ecdsa-p256-sha256' };
}

/** A minted CRL, as of the issuer of this certificate and signed like it. */
function crlBeside(certificate: Uint8Array, signer: Signer, at: Date): Uint8Array {
  const of = readDerTree(certificate);
  const around = {
    thisUpdate: new Date(at.getTime() - 86_400_000),
    nextUpdate: new Date(at.getTime() + 86_400_000),
  };
  const tree = readDerTree(crl('root', around).raw);
  const tbs = childrenOf(childOf(tree, 0));
  tbs[crlField.algorithm] = childOf(childOf(of, 0), tbsField.algorithm);
  tbs[crlField.issuer] = childOf(childOf(of, 0), tbsField.issuer);
  childrenOf(tree)[1] = childOf(of, 1);
  signTree(tree, signer);
  return writeDerTree(tree);
}

/** The same certificates with keys of ours, and a CRL of each issuer. */
function signedAnew({ name, chain, now: at }: Genuine): ChainScene {
  const pairs = chain.map(keyLike);
  const signers = chain.map((certificate, index) => {
    const issuer = pairs[index + 1] ?? pairs[index];
    assert.ok(issuer);
    return signerLike(certificate, issuer.privateKey);
  });
  const anew = chain.map((certificate, index) => {
    const [tree, own, signer] = [readDerTree(certificate), pairs[index], signers[index]];
    assert.ok(own && signer);
    const spki = own.publicKey.export({ type: 'spki', format: 'der' });
    childrenOf(childOf(tree, 0))[tbsField.key] = readDerTree(new Uint8Array(spki));
    signTree(tree, signer);
    return writeDerTree(tree);
  });
  const issuersSignCrls = anew
    .slice(1)
    .every((each) => parseCertificate(each).keyUsage?.has('cRLSign') !== false);
  const crls = anew.slice(0, issuersSignCrls ? -1 : 0).map((certificate, index) => {
    const signer = signers[index];
    assert.ok(signer);
    return crlBeside(certificate, signer, at);
  });
  return { name: `${name}, signed anew`, chain: anew, root: rootOf(anew), crls, now: at, signers };
}

/** Each chain as it is, then each one signed anew. */
export function chainScenes(): ChainScene[] {
  const all = [minted(), ...(vectorsPresent ? genuine() : [])];
  const asIs = all.map((each) => ({ ...each, root: rootOf(each.chain), signers: null }));
  return [...asIs, ...all.map(signedAnew)];
}
