import { type Addressed, readAddress } from '../state/address.ts';
import { DEFAULTS } from '../state/defaults.ts';
import type { Settings } from '../state/settings.ts';

/** What the element shows: what the network answers, over a plane or along a line as the data have it, or its losses. */
export type Show = 'plane' | 'curve' | 'losses';

export interface Asked {
  readonly addressed: Addressed;
  readonly show: Show;
  readonly language: Settings['language'];
}

const SHOWN: readonly Show[] = ['plane', 'curve', 'losses'];

/**
 * Reads the attributes. `experiment` has the syntax of the lab's address, with or without `#`; what cannot be read there is
 * as by default. `language` is that of the attribute, else what the address says, else `surrounding`, the page's own.
 */
export function readAttributes(
  experiment: string | null,
  show: string | null,
  language: string | null,
  surrounding: string,
): Asked {
  const fallback = languageFrom(language) ?? languageFrom(surrounding) ?? 'en';
  const addressed = readAddress(experiment ?? '', { ...DEFAULTS, language: fallback });
  return {
    addressed,
    show: SHOWN.find((each) => each === show) ?? 'plane',
    language: languageFrom(language) ?? addressed.settings.language,
  };
}

/** The language of a tag such as zh-CN; null for none that there are words in. */
function languageFrom(tag: string | null): Settings['language'] | null {
  if (tag === null) return null;
  if (/^zh\b/i.test(tag)) return 'zh';
  return /^en\b/i.test(tag) ? 'en' : null;
}
