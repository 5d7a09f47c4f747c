import type { Settings } from './settings.ts';

/** Some settings; those that are not named stay. */
export type Changes = {
  readonly [K in keyof Settings]?: Settings[K] extends object ? Partial<Settings[K]> : Settings[K];
};
