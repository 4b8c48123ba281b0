/**
 * A copy, in memory of its own, for what is kept: Node puts short buffers together into pools, and one that stays keeps all of its
 * pool. @param bytes text is encoded as UTF-8. Nothing secret: nobody wipes it.
 */
export function keptBytes(bytes: Uint8Array | string): Buffer {
  const kept = Buffer.allocUnsafeSlow(Buffer.byteLength(bytes));
  if (typeof bytes === 'string') kept.write(bytes, 'utf8');
  else kept.set(bytes);
  return kept;
}
