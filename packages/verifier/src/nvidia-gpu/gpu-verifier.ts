// The GPU format as the registry knows it.

import type { EvidenceVerifier } from '../types.js';
import { type GpuReport, looksLikeGpuReport, parseGpuReport } from './parse.js';
import { type GpuPolicy, gpuPolicyRules } from './policy.js';
import { pinnedNvidiaRoots } from './roots.js';
import { type GpuEndorsements, verifyGpuReport } from './verify.js';

export const gpuVerifier: EvidenceVerifier<GpuReport, GpuEndorsements, GpuPolicy> = {
  format: 'nvidia-gpu',
  endorsementFormat: 'nvidia-gpu',
  encoding: 'binary',
  pinnedRoots: pinnedNvidiaRoots,
  policy: gpuPolicyRules,
  looksLike: looksLikeGpuReport,
  parse: parseGpuReport,
  // The chain comes from the device, beside the report; NVIDIA has no service that is asked by its name.
  endorsementsFor: () => [],
  verify: verifyGpuReport,
};
