// Where our answers are not those of OpenBao 2.7, and why that breaks no client. By the name of the request.
const POLICY =
  "OpenBao's own: versions, templates and check-and-set of policies, which Vault has not";

export const DIFFERENCES = new Map([
  [
    'GET sys/config/state/sanitized',
    'settings that this server has not are not told, not even as their default',
  ],
  ['GET sys/version-history?list=true', 'the version is a key of the answer'],
  [
    'POST sys/remount {"from":"kv1","to":"kv2"}',
    'the warning that the move has been queued: ours has happened',
  ],
  ['GET sys/policies/acl/p1', POLICY],
  ['GET sys/policy/p1', POLICY],
]);
