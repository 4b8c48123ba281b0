// The same SGX evidence judged by another implementation: equal verdicts on genuine sets, nothing that it
// refuses is accepted here, and every other difference has a reason that is known.
import { agreesWithOracle } from '../testing/dcap-oracle.test.js';

const status = 'ConfigurationAndSWHardeningNeeded';
agreesWithOracle(
  'sgx-dcap',
  [['sgx/phala-dcap-qvl/sgx-v3-production', '2025-07-04T10:28:44Z', status]],
  'tdx/phala-dcap-qvl/tdx-v4-production',
);
