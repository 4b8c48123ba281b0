// Instants as Vault writes them.

/** RFC 3339 with nine digits. @param instant milliseconds since the epoch */
export function timestamp(instant: number): string {
  return new Date(instant).toISOString().replace(/Z$/, '000000Z');
}
