import type { Settings } from './settings.ts';

/** Some settings; those that are not named stay. */
export type Changes = {
  readonly [K in keyof Settings]?: Settings[K] extends object ? Partial<Settings[K]> : Settings[K];
};

/** The settings with these changes. */
export function changed(settings: Settings, changes: Changes): Settings {
  const { data, network, training, compress, ...plain } = changes;
  return {
    ...settings,
    ...plain,
    data: { ...settings.data, ...data },
    network: { ...settings.network, ...network },
    training: { ...settings.training, ...training },
    compress: { ...settings.compress, ...compress },
  };
}
