import { languageOf } from '../state/address.ts';
import { DEFAULTS } from '../state/defaults.ts';
import type { Settings } from '../state/settings.ts';

/** What holds where the address says nothing: of languages the reader's own. */
export const browserDefaults = (): Settings => ({ ...DEFAULTS, language: languageOf(navigator.languages) });
