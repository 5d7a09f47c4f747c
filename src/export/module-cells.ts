import { type DateFormat, MONTHS, PATTERNS, TIME } from '../data/dates.ts';
import { text } from './module-ports.ts';

/**
 * How exported modules read the cells of a row, as `tableOf` reads them into a table: blanks around them are no part of them, and
 * what UTF-8 does not have is U+FFFD.
 */
export const CELLS: Readonly<Record<string, string>> = {
  trimmed: `function trimmed(word, blanks) {
  let from = 0, to = word.length;
  while (from < to && blanks.includes(word[from])) from++;
  while (to > from && blanks.includes(word[to - 1])) to--;
  return word.slice(from, to);
}`,
  wordOf: `// What a row has in a column, as text: empty for nothing.
function wordOf(row, column, refuse) {
  if (!Object.hasOwn(row, column)) refuse("is not there");
  let cell = row[column];
  if (cell instanceof Date && cell.getTime() === cell.getTime()) cell = cell.toISOString();
  if (Object(cell) === cell || typeof cell === "symbol") refuse("is no number, text, true or false");
  if (cell !== cell) return "";
  const word = String(cell ?? "").replace(new RegExp("\\\\p{Cs}", "gu"), "\\ufffd");
  return trimmed(trimmed(word, " \\t"), "\\xa0");
}`,
  numberOf: `// The number of a text, plain or in another way of writing if all ways that fit say the same; NaN where none does.
function numberOf(word, refuse) {
  const found = new Set();
  for (const point of ".,")
    for (const mark of ["", ".", ",", "'", " \\xa0\\u202f"]) {
      const whole = "(\\\\d+|[1-9]\\\\d{0,2}([" + mark + "]\\\\d{3})+)";
      const form = "^[+-]?(" + whole + "([" + point + "]\\\\d*)?|[" + point + "]\\\\d+)(e[+-]?\\\\d+)?$";
      if (mark === point || !new RegExp(form, "i").test(word)) continue;
      if (point + mark === ".") return Number(word);
      found.add(Number(word.replace(new RegExp("[" + mark + "]", "g"), "").replace(",", ".")));
    }
  if (found.size > 1) refuse("may be " + Array.from(found).join(" or ") + ", so write it without groups and with a point: " + word);
  return found.size ? Array.from(found)[0] : NaN;
}`,
};

const DAY = `// The same, or as year-month-day, which programs write whatever people do.
function dayOf(word, form) {
  const day = daysOf(word, form);
  return day === day ? day : daysOf(word, "y-m-d");
}`;

/** The text of `daysOf`, for dates of these forms, and of `dayOf` where some are not year-month-day. */
export function datesText(formats: readonly DateFormat[]): string[] {
  const forms = [...new Set([...formats, 'y-m-d' as const])];
  const lines = forms.map((format) => {
    const { source } = PATTERNS[format];
    const plain = source.replaceAll('\\/', '/');
    const pattern = plain.endsWith(TIME) ? `${text(plain.slice(0, -TIME.length))} + TIME` : text(plain);
    return `  ${text(format)}: ${pattern},`;
  });
  const month = forms.some((format) => format.includes('mon'))
    ? `parts.mon ? MONTHS.findIndex((each) => each.startsWith(parts.mon.toLowerCase())) : parts.m - 1`
    : 'parts.m - 1';
  return [
    ...(month.includes('MONTHS') ? [`const MONTHS = ${text(MONTHS.join(' '))}.split(" ");`] : []),
    ...(lines.some((line) => line.includes('TIME')) ? [`const TIME = ${text(TIME)};`] : []),
    `const FORMS = {\n${lines.join('\n')}\n};`,
    `// Days since 1970-01-01 of a date of this form; NaN of what is none, such as February 30.
function daysOf(word, form) {
  const found = new RegExp(FORMS[form]).exec(word);
  if (!found) return NaN;
  const parts = found.groups, zone = parts.zone ?? "", day = Number(parts.d ?? 1);
  const year = Number(parts.y) + (parts.y.length > 2 ? 0 : parts.y < 69 ? 2000 : 1900), month = ${month};
  const date = new Date(0), first = date.setUTCFullYear(year, month, day) / 86400000;
  const minute = Number(parts.minute ?? 0), second = Number(parts.second ?? 0);
  let hour = Number(parts.hour ?? 0);
  if (parts.half) hour = hour < 1 || hour > 12 ? 24 : hour % 12 + (parts.half.toLowerCase() === "p" ? 12 : 0);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day || hour > 23 || minute > 59 || second >= 60) return NaN;
  const offset = zone.length > 3 ? Number(zone[0] + 1) * (zone.slice(1, 3) * 60 + Number(zone.slice(-2))) : 0;
  return first + ((hour * 60 + minute - offset) * 60 + second) / 86400;
}`,
    ...(forms.length === 1 ? [] : [DAY]),
  ];
}
