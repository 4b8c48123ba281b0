// TDX evidence against the suites that it shares with SGX.
import { conformsInCollateral } from '../dcap/conformance-collateral.test.js';
import { conformsInQuotes } from '../dcap/conformance-quote.test.js';
import { tdxFormat } from '../testing/tdx-scene.test.js';

conformsInQuotes(tdxFormat);
conformsInCollateral(tdxFormat);
