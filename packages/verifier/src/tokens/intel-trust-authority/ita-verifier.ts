// The Intel Trust Authority format as the registry knows it.

import { tokenVerifier } from '../token-format.js';
import { readItaFacts } from './claims.js';
import { itaPolicyRules } from './policy.js';

export const itaVerifier = tokenVerifier({
  rules: {
    format: 'intel-trust-authority',
    // The service signs with PS384 unless the client asks for RS256.
    algorithms: ['PS384', 'RS256'],
    types: ['JWT'],
    expires: 'always',
    findIssuer: null,
  },
  policy: itaPolicyRules,
  recognises: (payload) =>
    (Object.hasOwn(payload, 'attester_type') || Object.hasOwn(payload, 'amber_evidence_type')) &&
    !Object.hasOwn(payload, 'x-ms-attestation-type'),
  read: readItaFacts,
});
