// The EAR format as the registry knows it.

import { tokenVerifier } from '../token-format.js';
import { findVerifier, readEarFacts } from './claims.js';
import { earPolicyRules } from './policy.js';

export const earVerifier = tokenVerifier({
  rules: {
    format: 'ear',
    algorithms: ['ES256', 'ES384', 'ES512', 'EdDSA', 'PS256', 'PS384', 'PS512'],
    types: ['JWT', 'eat-ear+jwt', 'eat+jwt', null],
    expires: 'maybe',
    findIssuer: findVerifier,
  },
  policy: earPolicyRules,
  recognises: (payload) =>
    Object.hasOwn(payload, 'ear_verifier_id') || Object.hasOwn(payload, 'ear.verifier-id'),
  read: async (token) => readEarFacts(token),
});
