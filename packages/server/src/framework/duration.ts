// Vault's durations: whole seconds, or text such as "1h30m", "2d", "500ms".

const UNIT_SECONDS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
};
/** About 292 years: what Go's time.Duration holds, and so the most any client sends. */
const SECONDS_MAX = 9_223_372_036;

/** Whole seconds, fractions cut off; null when it is not a duration, negative, or over 292 years. */
export function parseDurationSeconds(value: string | number): number | null {
  if (typeof value === 'number') return inRange(value);
  const text = value.trim();
  if (text === '' || text.length > 64) return null;
  if (/^\d+(\.\d+)?$/.test(text)) return inRange(Number(text));
  let total = 0;
  let rest = text;
  while (rest !== '') {
    const part = /^(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/.exec(rest);
    if (part === null) return null;
    total += Number(part[1]) * (UNIT_SECONDS[part[2] ?? ''] ?? Number.NaN);
    rest = rest.slice(part[0].length);
  }
  return inRange(total);
}

function inRange(seconds: number): number | null {
  if (!Number.isFinite(seconds) || seconds < 0 || seconds > SECONDS_MAX) return null;
  return Math.floor(seconds + 1e-9);
}

/** As Go prints it: "768h0m0s", "1m30s", "0s". */
export function formatDuration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = Math.floor(seconds % 60);
  if (hours > 0) return `${hours}h${minutes}m${rest}s`;
  if (minutes > 0) return `${minutes}m${rest}s`;
  return `${rest}s`;
}
