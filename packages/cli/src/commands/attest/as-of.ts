// The time as of which something is judged, as a flag says it.
import { textFlag, UsageError } from '../../arguments/flag.js';

export const atFlag = textFlag('Judge as of this time, RFC 3339; without it, now.', {
  valueName: 'TIME',
});

/** @throws UsageError */
export function parseTime(text: string | null): Date {
  if (text === null) return new Date();
  const shape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
  const at = new Date(text);
  if (shape.test(text) && !Number.isNaN(at.getTime())) return at;
  throw new UsageError('-at: want a time such as 2026-01-31T12:00:00Z');
}
