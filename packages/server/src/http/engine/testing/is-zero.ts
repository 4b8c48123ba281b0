export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
