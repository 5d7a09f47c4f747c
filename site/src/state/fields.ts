import {
  ACTIVATIONS,
  clamp,
  DATA_NAMES,
  LANGUAGES,
  lossesOf,
  OPTIMIZERS,
  RANGES,
  type Range,
  TABS,
  withFittingLoss,
} from './ranges.ts';
import type { LayerSettings, Settings } from './settings.ts';

/** How values of one kind stand in the address. What cannot be read is undefined; then the default holds. */
interface Kind<T> {
  readonly read: (text: string) => T | undefined;
  readonly write: (value: T) => string;
}

/** One setting: its name in the address, and how it is found in all settings. */
interface Field {
  readonly name: string;
  readonly write: (settings: Settings) => string;
  readonly read: (settings: Settings, text: string) => Settings;
}

type Section = 'data' | 'network' | 'training' | 'compress';

const number = (range: Range): Kind<number> => ({
  read: (text) => (/^-?\d/.test(text) && Number.isFinite(Number(text)) ? clamp(Number(text), range) : undefined),
  write: String,
});
const choice = <T extends string | number>(values: readonly T[]): Kind<T> => ({
  read: (text) => values.find((value) => String(value) === text),
  write: String,
});
const flag: Kind<boolean> = {
  read: (text) => (text === '1' ? true : text === '0' ? false : undefined),
  write: (value) => (value ? '1' : '0'),
};

/** `16tanh,8relu`, or `none`. One layer that cannot be read spoils the list. */
const layers: Kind<readonly LayerSettings[]> = {
  read: (text) => {
    if (text === 'none') return [];
    const list: LayerSettings[] = [];
    for (const layer of text.split(',', RANGES.layers.max)) {
      const [, units, name] = /^(\d{1,6})([a-zA-Z]+)$/.exec(layer) ?? [];
      const activation = ACTIVATIONS.find((each) => each === name);
      if (units === undefined || activation === undefined) return undefined;
      list.push({ units: clamp(Number(units), RANGES.units), activation });
    }
    return list;
  },
  write: (list) => (list.length === 0 ? 'none' : list.map(({ units, activation }) => `${units}${activation}`).join()),
};

/** A field of the settings themselves. */
function top<K extends 'tab' | 'language'>(name: string, key: K, kind: Kind<Settings[K]>): Field {
  return {
    name,
    write: (settings) => kind.write(settings[key]),
    read: (settings, text) => ({ ...settings, [key]: kind.read(text) ?? settings[key] }),
  };
}

/** A field of one section. */
function field<S extends Section, K extends keyof Settings[S] & string>(
  section: S,
  key: K,
  kind: Kind<Settings[S][K]>,
  name: string = key,
): Field {
  return {
    name,
    write: (settings) => kind.write(settings[section][key]),
    read: (settings, text) => {
      const value = kind.read(text);
      return value === undefined ? settings : { ...settings, [section]: { ...settings[section], [key]: value } };
    },
  };
}

/** All that stands in the address, a row each. */
export const FIELDS: readonly Field[] = [
  top('tab', 'tab', choice(TABS)),
  top('lang', 'language', choice(LANGUAGES)),

  field('data', 'name', choice(DATA_NAMES), 'data'),
  field('data', 'samples', number(RANGES.samples)),
  field('data', 'noise', number(RANGES.noise)),
  field('data', 'validation', number(RANGES.validation)),
  field('data', 'test', number(RANGES.test)),
  field('data', 'seed', number(RANGES.seed)),
  field('data', 'degree', number(RANGES.degree)),

  field('network', 'layers', layers, 'net'),
  field('network', 'dropout', number(RANGES.dropout)),
  field('network', 'l1', number(RANGES.penalty)),
  field('network', 'l2', number(RANGES.penalty)),
  field('network', 'batchNorm', flag, 'norm'),

  field('training', 'loss', choice(lossesOf('drawn'))),
  field('training', 'optimizer', choice(OPTIMIZERS)),
  field('training', 'learningRate', number(RANGES.learningRate), 'rate'),
  field('training', 'batchSize', number(RANGES.batchSize), 'batch'),
  field('training', 'epochs', number(RANGES.epochs)),
  field('training', 'earlyStopping', flag, 'early'),
  field('training', 'patience', number(RANGES.patience)),
  field('training', 'restoreBest', flag, 'restore'),

  field('compress', 'sparsity', number(RANGES.sparsity)),
  field('compress', 'pattern', choice(['weights', 'panels', 'neurons'] as const)),
  field('compress', 'bits', choice([32, 16, 8, 4] as const)),
  field('compress', 'shared', number(RANGES.shared)),
  field('compress', 'trained', flag, 'qat'),
  field('compress', 'student', number(RANGES.student)),
  field('compress', 'epochs', number(RANGES.fineTuning), 'tuning'),
];

/** Without the percent signs that others put into a link that they pass on. */
function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The parts `name=value` of an address, each once (the last holds). Never throws. */
export function partsOf(hash: string): Map<string, string> {
  const parts = new Map<string, string>();
  for (const part of hash.replace(/^#/, '').split('&')) {
    const at = part.indexOf('=');
    if (at > 0) parts.set(part.slice(0, at), plain(part.slice(at + 1)));
  }
  return parts;
}

/** The settings that an address says; what it does not say, or says wrongly, is that of `defaults`. Never throws. */
export function readSettings(hash: string, defaults: Settings): Settings {
  const parts = partsOf(hash);
  let settings = defaults;
  for (const { name, read } of FIELDS) {
    const text = parts.get(name);
    if (text !== undefined) settings = read(settings, text);
  }
  // One number shares nothing: it is taken as none.
  if (settings.compress.shared === 1) settings = { ...settings, compress: { ...settings.compress, shared: 0 } };
  return withFittingLoss(settings);
}

/** The address of the settings, without `#`: the fields that differ from `defaults`; empty if none does. */
export function writeSettings(settings: Settings, defaults: Settings): string {
  const parts: string[] = [];
  for (const { name, write } of FIELDS) {
    const text = write(settings);
    if (text !== write(defaults)) parts.push(`${name}=${text}`);
  }
  return parts.join('&');
}
