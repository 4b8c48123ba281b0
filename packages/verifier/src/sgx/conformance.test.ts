// SGX evidence against the suites that it shares with TDX.
import { conformsInCollateral } from '../dcap/conformance-collateral.test.js';
import { conformsInQuotes } from '../dcap/conformance-quote.test.js';
import { sgxFormat } from '../testing/sgx-scene.test.js';

conformsInQuotes(sgxFormat);
conformsInCollateral(sgxFormat);
