// The same TDX evidence judged by another implementation (version 4 quotes only): equal verdicts on genuine
// sets, nothing that it refuses is accepted here, and every other difference has a reason that is known.
import { agreesWithOracle } from '../testing/dcap-oracle.test.js';

agreesWithOracle(
  'tdx-dcap',
  [
    ['tdx/phala-dcap-qvl/tdx-v4-production', '2025-07-04T10:16:31Z', 'UpToDate'],
    ['tdx/flashbots-attested-tls/tdx-v4-gcp-2026-01', '2026-02-11T09:25:52Z', 'UpToDate'],
    ['tdx/flashbots-attested-tls/tdx-v4-gcp-2026-06', '2026-07-15T08:03:03Z', 'UpToDate'],
    ['tdx/automata/tdx-v4-production-00806f050000', '2025-07-22T09:13:34Z', 'OutOfDate'],
  ],
  'sgx/phala-dcap-qvl/sgx-v3-production',
);
