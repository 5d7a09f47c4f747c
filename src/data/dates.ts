/** Dates of tables as days since 1970-01-01: own arithmetic, since `Date.parse` differs between engines. */

/** Ways to write a date, each with or without a time of day. Two digits are a year from 1969 to 2068. */
export const DATE_FORMATS = ['y-m-d', 'y/m/d', 'd.m.y', 'd/m/y', 'm/d/y', 'yyyymmdd', 'd mon y', 'mon d y'] as const;
export type DateFormat = (typeof DATE_FORMATS)[number];

/** Their English names, of which three letters are enough. */
export const MONTHS: readonly string[] =
  'january february march april may june july august september october november december'.split(' ');

/** The time of day behind a date, and the end. */
export const TIME: string = String.raw`(?:[T ] ?(?<hour>\d{1,2}):(?<minute>\d\d)(?::(?<second>\d\d(?:\.\d{1,9})?))?(?: ?(?<half>[AaPp])[Mm])? ?(?<zone>Z|UTC|[+-]\d\d:?\d\d)?)?$`;
const YEAR = String.raw`(?<y>\d{4}|\d\d)`;

/** A time zone moves the time to that of Greenwich; a month without a day is its first. */
export const PATTERNS: Readonly<Record<DateFormat, RegExp>> = {
  'y-m-d': new RegExp(String.raw`^(?<y>\d{4})-(?<m>\d{1,2})(?:-(?<d>\d{1,2}))?${TIME}`),
  'y/m/d': new RegExp(String.raw`^(?<y>\d{4})(?<sep>[/.])(?<m>\d{1,2})\k<sep>(?<d>\d{1,2})${TIME}`),
  'd.m.y': new RegExp(String.raw`^(?<d>\d{1,2})\.(?<m>\d{1,2})\.${YEAR}${TIME}`),
  'd/m/y': new RegExp(String.raw`^(?<d>\d{1,2})(?<sep>[/-])(?<m>\d{1,2})\k<sep>${YEAR}${TIME}`),
  'm/d/y': new RegExp(String.raw`^(?<m>\d{1,2})(?<sep>[/-])(?<d>\d{1,2})\k<sep>${YEAR}${TIME}`),
  yyyymmdd: /^(?<y>\d{4})(?<m>\d\d)(?<d>\d\d)(?:T?(?<hour>\d\d)(?<minute>\d\d)(?<second>\d\d)?(?<zone>Z)?)?$/,
  'd mon y': new RegExp(String.raw`^(?<d>\d{1,2})[ -](?<mon>[A-Za-z]{3,9})\.?,?[ -]${YEAR}${TIME}`),
  'mon d y': new RegExp(String.raw`^(?<mon>[A-Za-z]{3,9})\.?[ -](?<d>\d{1,2})(?:, ?|[ -])${YEAR}${TIME}`),
};

/** A day of this form, or as year-month-day, which programs write whatever people do; NaN for what is none. */
export function dayOf(text: string, format: DateFormat): number {
  const day = daysOf(text, format);
  return Number.isNaN(day) ? daysOf(text, 'y-m-d') : day;
}

/** Days since 1970-01-01, the time of day as a fraction; NaN for what is no date of this form, such as February 30. */
export function daysOf(text: string, format: DateFormat): number {
  const parts = PATTERNS[format].exec(text)?.groups;
  if (parts === undefined) return Number.NaN;
  const { y, m, mon, d = 1, hour = 0, minute = 0, second = 0, half, zone = 'Z' } = parts;
  const short = Number(y);
  const year = y!.length > 2 ? short : short + (short < 69 ? 2000 : 1900);
  const name = mon?.toLowerCase();
  const month = name === undefined ? Number(m) : MONTHS.findIndex((each) => each.startsWith(name)) + 1;
  const day = Number(d);
  if (month < 1 || month > 12 || day < 1) return Number.NaN;
  const first = civil(year, month, 1);
  if (day > civil(month === 12 ? year + 1 : year, month === 12 ? 1 : month + 1, 1) - first) return Number.NaN;
  let hours = Number(hour);
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return Number.NaN;
    hours = (hours % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
  }
  if (hours > 23 || Number(minute) > 59 || Number(second) >= 60) return Number.NaN;
  const offset = /\d/.test(zone) ? Number(`${zone[0]}1`) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))) : 0;
  return first + day - 1 + ((hours * 60 + Number(minute) - offset) * 60 + Number(second)) / 86400;
}

/** Days since 1970-01-01 as year-month-day, with the time to the minute where they hold one. */
export function dayText(days: number): string {
  const [day, time] = new Date(Math.round(days * 1440) * 60_000).toISOString().split('T');
  return time === '00:00:00.000Z' ? day! : `${day} ${time!.slice(0, 5)}`;
}

/** Days from 1970-01-01 to a day of the Gregorian calendar (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
function civil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1; // years begin in March
  const leaps = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100);
  return era * 146097 + yearOfEra * 365 + leaps + dayOfYear - 719468;
}

/** The form that most of the cells have (`counts[i]` of them hold `texts[i]`), and how many do not. */
export interface DateGuess {
  readonly format: DateFormat;
  readonly misses: number;
  /** Day and month can be told apart in no cell: d/m/y and m/d/y fit alike, with other days. */
  readonly ambiguous: boolean;
}

/** Undefined when no text is a date. */
export function guessDates(texts: readonly string[], counts: ArrayLike<number>): DateGuess | undefined {
  let total = 0;
  for (let i = 0; i < texts.length; i++) total += counts[i]!;
  let best: { format: DateFormat; fits: number; days: number[] } | undefined;
  let ambiguous = false;
  for (const format of DATE_FORMATS) {
    const days = texts.map((text) => daysOf(text, format));
    const fits = days.reduce((sum, day, i) => sum + (Number.isNaN(day) ? 0 : counts[i]!), 0);
    const { fits: most, days: others } = best ?? { fits: 0, days: [] };
    if (fits > most) {
      best = { format, fits, days };
      ambiguous = false;
    } else if (fits > 0 && fits === most && days.some((day, i) => !Object.is(day, others[i]))) ambiguous = true;
  }
  return best && { format: best.format, misses: total - best.fits, ambiguous };
}
