// The Azure Attestation format as the registry knows it.

import { tokenVerifier } from '../token-format.js';
import { readMaaFacts } from './claims.js';
import { maaPolicyRules } from './policy.js';

export const maaVerifier = tokenVerifier({
  rules: {
    format: 'azure-maa',
    algorithms: ['RS256'],
    types: ['JWT'],
    expires: 'always',
    findIssuer: null,
  },
  policy: maaPolicyRules,
  recognises: (payload) => Object.hasOwn(payload, 'x-ms-attestation-type'),
  read: async (token) => readMaaFacts(token),
});
