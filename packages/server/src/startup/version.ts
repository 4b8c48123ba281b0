// The version that clients read: ours, in semver. Vault-compatible tools gate features on it only from 1.x on.

export const VERSION = '0.1.0';
/** RFC 3339, of the release. */
export const BUILD_DATE = '2026-11-21T00:00:00Z';
