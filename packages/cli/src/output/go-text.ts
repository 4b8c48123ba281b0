// Values as Vault's command prints them in tables: Go's %v and %q, durations in Go's short form. For people and for
// scripts that match them; machines should ask for JSON.
import { type ExactJson, ExactNumber } from '@vouchsafe/client';

/** Go's %v: map[a:1 b:2], [x y], <nil>. */
export function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (typeof value === 'object') {
    const members = value as Readonly<Record<string, ExactJson>>;
    const keys = Object.keys(members).sort();
    return `map[${keys.map((key) => `${key}:${goText(members[key])}`).join(' ')}]`;
  }
  return String(value);
}

/** Go's %q of a list of strings: ["default" "root"]. */
export function goQuotedList(items: readonly string[] | null | undefined): string {
  return `[${(items ?? []).map((item) => JSON.stringify(item)).join(' ')}]`;
}

/** Seconds as 768h, 1h30m, 59s. */
export function goDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '0s';
  const total = Math.trunc(Math.abs(seconds));
  const [h, m, s] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60];
  const parts = [h > 0 ? `${h}h` : '', m > 0 ? `${m}m` : '', s > 0 ? `${s}s` : ''];
  const text = parts.join('');
  return text === '' ? '0s' : (seconds < 0 ? '-' : '') + text;
}

const durationNames = /^(period|ttl|duration|lease_max|ttl_max)$|_(period|ttl|duration)$/;

/** A table cell: a number whose name says it is a duration is shown as one. */
export function cellText(name: string, value: unknown): string {
  if (!durationNames.test(name)) return goText(value);
  if (typeof value === 'number' && Number.isInteger(value)) return goDuration(value);
  if (typeof value === 'string' && /^[0-9]{1,15}$/.test(value)) return goDuration(Number(value));
  return goText(value);
}

/** RFC 3339 as Go prints a time: 2026-01-02 03:04:05.123 +0000 UTC; anything else as it is. */
export function goTime(text: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$/.exec(text);
  if (match === null) return text;
  const fraction = (match[3] ?? '').replace(/\.?0+$/, '');
  return `${match[1]} ${match[2]}${fraction} +0000 UTC`;
}
