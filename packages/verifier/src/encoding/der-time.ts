// The two time types of X.509 to instants. Only the forms of RFC 5280 section 4.1.2.5: seconds
// present, UTC, no fraction.

const utcTime = 0x17;
const generalizedTime = 0x18;

/** The instant, or null if tag or text is not a time, or the date is not in the calendar. */
export function parseDerTime(tag: number, contents: Uint8Array): Date | null {
  const text = contents.length <= 15 ? String.fromCharCode(...contents) : '';
  const pattern = tag === utcTime ? /^\d{12}Z$/ : tag === generalizedTime ? /^\d{14}Z$/ : null;
  if (pattern?.test(text) !== true) return null;
  const yearDigits = tag === utcTime ? 2 : 4;
  const shortYear = Number(text.slice(0, yearDigits));
  const century = shortYear >= 50 ? 1900 : 2000;
  const year = tag === utcTime ? century + shortYear : shortYear;
  const part = (index: number) => Number(text.slice(yearDigits + 2 * index).slice(0, 2));
  const [month, day, hour, minute, second] = [part(0), part(1), part(2), part(3), part(4)];
  const pad = (value: number, length: number) => String(value).padStart(length, '0');
  const iso =
    `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}` +
    `T${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}.000Z`;
  const time = new Date(iso);
  // A date such as 30 February either does not parse or comes back as another one.
  return Number.isNaN(time.getTime()) || time.toISOString() !== iso ? null : time;
}
