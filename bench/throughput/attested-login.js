// Logins with evidence: each needs a challenge and evidence made for it, which wrk can not do.

/** Rows as those of the other requests; none, with a word why, where the server has no auth method "attest". */
export async function attestedLogins({ say }) {
  say('attested login: not measured, this build has no auth method "attest"');
  return [];
}
