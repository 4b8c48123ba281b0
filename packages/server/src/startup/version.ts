// Our own version, and the one that clients of the API read.

export const VERSION = '0.1.0';
/**
 * What health and seal-status answer: the Vault release whose API we follow, our own version behind the '+'. Vault's
 * tools gate features on it (the Terraform provider reads it from seal-status), and '+ent' would mean Enterprise.
 */
export const API_VERSION: string = `1.21.0+vouchsafe.${VERSION}`;
/** RFC 3339, of the release. */
export const BUILD_DATE = '2026-11-21T00:00:00Z';
