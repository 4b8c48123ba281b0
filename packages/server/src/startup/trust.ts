// Whom this server believes about hardware: the vendors' pinned roots always, the simulated vendor only when a -dev
// server was told to; and where it looks for endorsements.
import { readFileSync } from 'node:fs';
import { evidenceFormats, pinnedRootsOf, rememberingProvider } from '@vouchsafe/verifier';
import { nodeProvider } from '@vouchsafe/verifier/node';
import type { TrustAnchors } from '../auth/attest/evaluate.js';
import type { AttestationConfig } from '../config/server-config.js';
import { openBundle } from '../endorsements/bundle.js';
import { CACHE_LIMITS, EndorsementCache } from '../endorsements/cache.js';
import { EndorsementFinder } from '../endorsements/find.js';
import { HttpsGet, VendorFault } from '../endorsements/https-get.js';
import type { EndorsementSource } from '../endorsements/source.js';
import { kdsSource } from '../endorsements/vendor-kds.js';
import { pcsSource } from '../endorsements/vendor-pcs.js';
import type { Storage } from '../framework/storage.js';
import { describeFault, type Log } from './log.js';
import { StartError } from './options.js';
import type { SimulatedTee } from './simulated-tee.js';
import { readTrustedIssuers } from './trusted-issuers.js';

export interface TrustParts {
  readonly attestation: AttestationConfig;
  readonly simulated: SimulatedTee | null;
  /** The cache's part of the barrier; throws while the server is sealed. */
  readonly view: () => Storage;
  readonly clock: () => number;
  readonly log: Log;
}

const VENDOR_TIMEOUT_MS = 10_000;
const REFRESH_INTERVAL_SECONDS = 86_400;
const REMEMBERED_SIGNATURES_MAX = 4096;
/** In `attestation { options { … } }`: PEM of the CA that a PCCS or KDS cache of one's own is certified by. */
const CA_OPTION = 'vendor_ca_file';

function readBundle(paths: readonly string[]): readonly EndorsementSource[] {
  if (paths.length === 0) return [];
  try {
    return [openBundle(paths)];
  } catch (error) {
    const why = error instanceof Error ? error.message : 'cannot be read';
    throw new StartError(`endorsement_bundle: ${why}`);
  }
}

function readCa(file: string | undefined): string | null {
  if (file === undefined) return null;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(`${CA_OPTION} ${file}: cannot be read (${code ?? 'unknown fault'})`);
  }
}

/** None when the server is offline: then nothing exists that could open a socket. */
function vendorSources(parts: TrustParts): readonly EndorsementSource[] {
  const { offline, pccsUrl, kdsUrl, options } = parts.attestation;
  if (offline) return [];
  const client = new HttpsGet({
    clock: parts.clock,
    timeoutMs: VENDOR_TIMEOUT_MS,
    ca: readCa(options[CA_OPTION]),
  });
  return [pcsSource(client, pccsUrl), kdsSource(client, kdsUrl)];
}

/** @throws StartError naming the file that cannot be used */
export function trustAnchors(parts: TrustParts): TrustAnchors {
  const { simulated } = parts;
  const { endorsementBundleFiles, refreshIntervalSeconds } = parts.attestation;
  const issuers = readTrustedIssuers(parts.attestation.trustedIssuers);
  const onSourceFault = (source: string, error: unknown): void => {
    // What a workload brings is in its decision record; anybody can bring rubbish.
    if (source === 'offered') return;
    const isVendor = error instanceof VendorFault;
    const why = isVendor ? error.message : describeFault(error);
    parts.log(
      isVendor && error.kind === 'held-back' ? 'debug' : 'warn',
      `endorsement source ${source}: ${why}`,
    );
  };
  return {
    roots: Object.fromEntries(
      evidenceFormats.map((format) => [
        format,
        [
          ...pinnedRootsOf(format),
          ...(simulated?.roots[format] ?? []),
          ...issuers.filter((issuer) => issuer.format === format),
        ],
      ]),
    ),
    endorsements: new EndorsementFinder({
      local: [
        ...readBundle(endorsementBundleFiles),
        // Before the vendors: nobody but it knows the made-up platform, and a laptop need not ask Intel about it.
        ...(simulated === null ? [] : [simulated.source]),
      ],
      cache: new EndorsementCache(parts.view, CACHE_LIMITS),
      vendors: vendorSources(parts),
      refreshIntervalMs: (refreshIntervalSeconds ?? REFRESH_INTERVAL_SECONDS) * 1000,
      onFault: onSourceFault,
    }),
    // Some ten per platform: certificates, lists and documents that every login brings again.
    provider: rememberingProvider(nodeProvider, REMEMBERED_SIGNATURES_MAX),
    onSourceFault,
  };
}
