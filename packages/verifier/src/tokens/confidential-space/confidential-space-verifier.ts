// The Confidential Space format as the registry knows it.

import { tokenVerifier } from '../token-format.js';
import { readConfidentialSpaceFacts } from './claims.js';
import { confidentialSpacePolicyRules } from './policy.js';

export const confidentialSpaceVerifier = tokenVerifier({
  rules: {
    format: 'google-confidential-space',
    // Tokens of the OIDC and of the PKI kind alike.
    algorithms: ['RS256'],
    types: ['JWT'],
    expires: 'always',
    findIssuer: null,
  },
  policy: confidentialSpacePolicyRules,
  recognises: (payload) =>
    Object.hasOwn(payload, 'swname') &&
    Object.hasOwn(payload, 'submods') &&
    !Object.hasOwn(payload, 'ear.verifier-id'),
  read: async (token) => readConfidentialSpaceFacts(token),
});
