// What is verified, one entry per format: genuine evidence, at a time at which it is valid, or else minted. To add a format, add a line.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  gpuEndorsementsFromPem,
  parseDcapEndorsements,
  parseTcgEventLog,
  replayEventLog,
  snpEndorsementsFromKey,
} from '@vouchsafe/verifier';
import { mintFormats } from './minted.js';

const folder =
  process.env.VOUCHSAFE_VECTORS ??
  fileURLToPath(new URL('../../../shared/vectors', import.meta.url));

/** False, or why nothing can be measured. */
export const missing = existsSync(join(folder, 'README.md'))
  ? false
  : 'no genuine evidence: set VOUCHSAFE_VECTORS to its folder';

const bytes = (path) => new Uint8Array(readFileSync(join(folder, path)));

/** A quote with its collateral; the peer takes the same two. */
function dcap(format, path, at) {
  const text = readFileSync(join(folder, `${path}.collateral.json`), 'utf8');
  return {
    format,
    path,
    at: new Date(at),
    evidence: bytes(`${path}.quote`),
    endorsements: () => parseDcapEndorsements(text),
    collateral: JSON.parse(text),
  };
}

function snp(path, kind, at) {
  const key = bytes(`${path}.vcek.der`);
  const endorsements = () => snpEndorsementsFromKey(key, kind, { kind: 'not-checked' });
  return {
    format: 'sev-snp',
    path,
    at: new Date(at),
    evidence: bytes(`${path}.report`),
    endorsements,
  };
}

/** Evidence that brings all there is. */
function alone(format, path, at) {
  return {
    format,
    path,
    at: new Date(at),
    evidence: bytes(path),
    endorsements: () => ({ format }),
  };
}

/** Azure's JSON, which brings the endorsement key of its chip. */
function azureSnp(path, kind, at) {
  const evidence = bytes(path);
  const key = Buffer.from(JSON.parse(Buffer.from(evidence).toString()).vcek, 'base64');
  const endorsements = () =>
    snpEndorsementsFromKey(new Uint8Array(key), kind, { kind: 'not-checked' });
  return { format: 'azure-snp-vtpm', path, at: new Date(at), evidence, endorsements };
}

function azureTdx(path, at) {
  const collateral = readFileSync(join(folder, `${path}.collateral.json`), 'utf8');
  return {
    format: 'azure-tdx-vtpm',
    path,
    at: new Date(at),
    evidence: bytes(`${path}.evidence.json`),
    endorsements: () => parseDcapEndorsements(collateral),
  };
}

function gpu(report, chain, at) {
  const text = readFileSync(join(folder, chain), 'utf8');
  return {
    format: 'nvidia-gpu',
    path: report,
    at: new Date(at),
    evidence: readFileSync(join(folder, report), 'utf8').trim(),
    endorsements: () => gpuEndorsementsFromPem(text, { kind: 'not-checked' }),
  };
}

/** Replayed, not held against a quote: that is timed with the quotes. */
function eventLog(path, bank) {
  const log = bytes(path);
  const replay = async (provider) => {
    const registers = await replayEventLog(parseTcgEventLog(log, 'tcg'), bank, provider);
    if (registers.size === 0) throw new Error(`${path}: nothing replayed`);
  };
  return { format: 'event-log', path, replay };
}

export const readFormats = () => [
  dcap('sgx-dcap', 'sgx/phala-dcap-qvl/sgx-v3-production', '2025-07-04T10:28:44Z'),
  dcap('tdx-dcap', 'tdx/phala-dcap-qvl/tdx-v4-production', '2025-07-04T10:16:31Z'),
  snp('snp/trustee/snp-v2-milan', { product: 'milan', signer: 'vcek' }, '2025-06-01T00:00:00Z'),
  alone('aws-nitro', 'nitro/dstack/nitro-production-1.cose', '2025-12-25T13:15:40Z'),
  azureSnp(
    'tpm/trustee/azure-snp-vtpm-milan-v1.evidence.json',
    { product: 'milan', signer: 'vcek' },
    '2025-06-01T00:00:00Z',
  ),
  azureTdx('tpm/flashbots-attested-tls/azure-tdx-vtpm-2026-06', '2026-06-23T11:56:35Z'),
  gpu(
    'gpu/nvtrust/hopper-spdm-report.hex',
    'gpu/nvtrust/hopper-cert-chain.pem',
    '2025-06-01T00:00:00Z',
  ),
  ...mintFormats(),
  eventLog('eventlog/go-tpm-tools/tpm-ubuntu-2404-amd-sevsnp.bin', 'sha256'),
];
