// Where the genuine evidence lies, and which of its files a check has opened: what is said to be checked must have been
// read. The folder is other people's data and never part of the repository.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after } from 'node:test';
import { formatDcapEndorsements, splitSignedDocument } from '@vouchsafe/verifier';
import { root } from '../../tools/setup.js';

const folder = process.env.VOUCHSAFE_VECTORS ?? join(root, '../shared/vectors');
export const skip = existsSync(join(folder, 'facts.json'))
  ? false
  : 'no vectors: set VOUCHSAFE_VECTORS to their folder';

const opened = new Set();
/** Absolute path of a file that the check will hand to a program. */
export function open(path) {
  opened.add(path);
  return join(folder, path);
}
export const bytesOf = (path) => new Uint8Array(readFileSync(open(path)));
export const textOf = (path) => readFileSync(open(path), 'utf8');
export const jsonOf = (path) => JSON.parse(textOf(path));
/** The files opened since it was last called. */
export function takeOpened() {
  const paths = [...opened].sort();
  opened.clear();
  return paths;
}

export const allFiles = skip
  ? []
  : readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
      .sort();

export const facts = skip
  ? { sets: [], files: [] }
  : JSON.parse(readFileSync(join(folder, 'facts.json'), 'utf8'));
export function factsOf(path) {
  return facts.files.find(({ file }) => file === path)?.facts ?? {};
}

const scratch = mkdtempSync(join(tmpdir(), 'vouchsafe-vectors-'));
after(() => rmSync(scratch, { recursive: true, force: true }));
let count = 0;
/** Path of a new file with this content. */
export function put(content) {
  count += 1;
  const path = join(scratch, String(count));
  writeFileSync(path, content);
  return path;
}

/** Of 'file.json#member', or of a file as a whole: what the evidence's own bytes or text are. */
export function evidenceIn(path) {
  if (path.endsWith('.att.json')) return Buffer.from(jsonOf(path).evidence, 'base64');
  if (path.includes('azure-samples/sgx-')) {
    const quote = Buffer.from(jsonOf(path).QuoteHex, 'hex');
    // Open Enclave puts 16 bytes of its own before the quote.
    return path.includes('open-enclave') ? quote.subarray(16) : quote;
  }
  if (path === 'tdx/dstack/tdx-v4-with-event-log.json') {
    return Buffer.from(jsonOf(path).quote, 'hex');
  }
  if (/\.quote\.hex$/.test(path)) {
    return Buffer.from(textOf(path).trim().replace(/^0x/, ''), 'hex');
  }
  // Its publisher appended a line of text, which belongs to nothing.
  if (path === 'tdx/go-tdx-guest/tdx-v4-production-spr-e4.quote') {
    return Buffer.from(bytesOf(path).subarray(0, -39));
  }
  return Buffer.from(bytesOf(path));
}

const pemOf = (label, der) =>
  `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{64}/g, '$&\n').trim()}\n-----END ${label}-----\n`;
const tcbChainOf = (path) =>
  path.endsWith('.json') ? jsonOf(path).tcb_info_issuer_chain : textOf(path);

/** Collateral that lies in several files, as one; the PCK CRL's issuers are taken out of the quote. */
export function assemble({ quote, tcbInfo, qeIdentity, tcbChain, rootCrl, pckCrl }) {
  const certificates = evidenceIn(quote)
    .toString('latin1')
    .match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  const tcb = splitSignedDocument(textOf(tcbInfo), 'tcbInfo');
  const qe =
    qeIdentity === null
      ? { text: '', signature: new Uint8Array() }
      : splitSignedDocument(textOf(qeIdentity), 'enclaveIdentity');
  const none = new Uint8Array();
  return put(
    formatDcapEndorsements({
      format: 'dcap',
      pckCertificateChain: null,
      pckCrlIssuerChain: certificates.slice(1).join('\n'),
      rootCaCrl: rootCrl === null ? none : bytesOf(rootCrl),
      pckCrl: pckCrl === null ? none : bytesOf(pckCrl),
      tcbInfoIssuerChain: tcbChainOf(tcbChain),
      tcbInfo: tcb.text,
      tcbInfoSignature: tcb.signature,
      qeIdentityIssuerChain: tcbChainOf(tcbChain),
      qeIdentity: qe.text,
      qeIdentitySignature: qe.signature,
    }),
  );
}
export const toPem = (der) => pemOf('CERTIFICATE', Buffer.from(der));
