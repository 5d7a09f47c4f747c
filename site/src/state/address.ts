import { partsOf, readSettings, writeSettings } from './fields.ts';
import { MOST_IN_ADDRESS, type Point, readPoints, writePoints } from './points.ts';
import type { Settings } from './settings.ts';

/** What an address says. A pasted table is never in it: it may be private, and long. */
export interface Addressed {
  readonly settings: Settings;
  readonly points: readonly Point[];
}

/** Reads an address; whatever it is, the result is valid. */
export function readAddress(hash: string, defaults: Settings): Addressed {
  return { settings: readSettings(hash, defaults), points: readPoints(partsOf(hash).get('points') ?? '') };
}

/** The address, with `#`; empty if everything is as by default. Points stand in it while they are the data, and few. */
export function writeAddress({ settings, points }: Addressed, defaults: Settings): string {
  const parts = [writeSettings(settings, defaults)];
  const isShown = settings.data.name === 'drawn' && points.length > 0 && points.length <= MOST_IN_ADDRESS;
  if (isShown) parts.push(`points=${writePoints(points)}`);
  const said = parts.filter((part) => part !== '').join('&');
  return said === '' ? '' : `#${said}`;
}

/** The language of a reader whose browser prefers these, best first. */
export function languageOf(preferred: readonly string[]): Settings['language'] {
  for (const each of preferred) {
    if (/^zh\b/i.test(each)) return 'zh';
    if (/^en\b/i.test(each)) return 'en';
  }
  return 'en';
}
