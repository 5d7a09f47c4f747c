import type { Changes } from '../../state/changes.ts';
import { clamp, RANGES } from '../../state/ranges.ts';
import type { LayerSettings, Settings } from '../../state/settings.ts';
import type { Text } from '../../text/text.ts';
import { show } from './numbers.ts';

/** Something to try: what is set differently, and how that is called; null for what one has to do oneself. */
export interface Remedy {
  readonly name: string;
  readonly label: string;
  readonly changes: Changes | null;
}

type Words = Text['fit']['verdict']['remedies'];
type Make = (settings: Settings, words: Words) => Omit<Remedy, 'name'> | null;

/** Rates above these are no remedy for learning too slowly, and may be why nothing is learned: a tenth of them is tried. */
const FASTEST = { sgd: 0.3, momentum: 0.1, adam: 0.03, adamW: 0.03, rmsprop: 0.01 } as const;

/** Data of one's own are as many as they are. */
const isOwn = ({ data }: Settings): boolean => data.name === 'drawn' || data.name === 'table';
/** So many digits there are. */
const DIGITS = 1797;
const isPowers = ({ data }: Settings): boolean => data.name === 'polynomial' || data.name === 'sine';

const layersText = (layers: readonly LayerSettings[]): string => layers.map(({ units }) => units).join(' + ') || '0';

/** Twice the units of each layer, or a layer more where they are as many as can be. */
function larger(layers: readonly LayerSettings[]): readonly LayerSettings[] | null {
  if (layers.length === 0) return [{ units: 8, activation: 'tanh' }];
  if (layers.every(({ units }) => units < RANGES.units.max))
    return layers.map((layer) => ({ ...layer, units: clamp(2 * layer.units, RANGES.units) }));
  return layers.length < RANGES.layers.max ? [...layers, layers[layers.length - 1]!] : null;
}

/** Half the units of each layer, or a layer less where they are few. */
function smaller(layers: readonly LayerSettings[]): readonly LayerSettings[] | null {
  if (layers.some(({ units }) => units >= 4))
    return layers.map((layer) => ({ ...layer, units: Math.max(2, Math.ceil(layer.units / 2)) }));
  return layers.length > 1 ? layers.slice(0, -1) : null;
}

const round = (value: number): number => Number(value.toPrecision(2));

const REMEDIES = {
  moreData: (settings, words) => {
    const { name, samples: before } = settings.data;
    const samples = Math.min(clamp(before * 2, RANGES.samples), name === 'digits' ? DIGITS : RANGES.samples.max);
    if (isOwn(settings) || samples <= before) return null;
    return { label: words.moreData(String(samples)), changes: { data: { samples } } };
  },
  ownData: (settings, words) => (isOwn(settings) ? { label: words.ownData, changes: null } : null),
  earlyStopping: ({ training }, words) =>
    training.earlyStopping && training.restoreBest
      ? null
      : {
          label: words.earlyStopping(String(training.patience)),
          changes: { training: { earlyStopping: true, restoreBest: true } },
        },
  dropout: ({ network }, words) => {
    const dropout = Math.min(0.5, round(network.dropout + 0.2));
    if (network.layers.length === 0 || network.dropout >= 0.5) return null;
    return { label: words.dropout(show(dropout)), changes: { network: { dropout } } };
  },
  l2: ({ network }, words) => {
    const l2 = network.l2 === 0 ? 0.001 : round(network.l2 * 3);
    return l2 > 0.1 ? null : { label: words.l2(show(l2)), changes: { network: { l2 } } };
  },
  smaller: ({ network }, words) => {
    const layers = smaller(network.layers);
    return layers === null ? null : { label: words.smaller(layersText(layers)), changes: { network: { layers } } };
  },
  larger: ({ network }, words) => {
    const layers = larger(network.layers);
    return layers === null ? null : { label: words.larger(layersText(layers)), changes: { network: { layers } } };
  },
  lowerDegree: (settings, words) => {
    const degree = Math.floor(settings.data.degree / 2);
    if (!isPowers(settings) || degree < 1) return null;
    return { label: words.lowerDegree(String(degree)), changes: { data: { degree } } };
  },
  higherDegree: (settings, words) => {
    const degree = clamp(settings.data.degree + 2, RANGES.degree);
    if (!isPowers(settings) || degree === settings.data.degree) return null;
    return { label: words.higherDegree(String(degree)), changes: { data: { degree } } };
  },
  moreEpochs: ({ training }, words) => {
    const epochs = clamp(training.epochs * 2, RANGES.epochs);
    return epochs === training.epochs
      ? null
      : { label: words.moreEpochs(String(epochs)), changes: { training: { epochs } } };
  },
  fasterRate: ({ training }, words) => {
    const learningRate = round(training.learningRate * 3);
    if (learningRate > FASTEST[training.optimizer]) return null;
    return { label: words.fasterRate(show(learningRate)), changes: { training: { learningRate } } };
  },
  slowerRate: ({ training }, words) => {
    const learningRate = clamp(round(training.learningRate / 10), RANGES.learningRate);
    if (learningRate >= training.learningRate) return null;
    return { label: words.slowerRate(show(learningRate)), changes: { training: { learningRate } } };
  },
  calmerRate: ({ training }, words) => {
    const learningRate = round(FASTEST[training.optimizer] / 10);
    if (training.learningRate <= learningRate * 10) return null;
    return { label: words.slowerRate(show(learningRate)), changes: { training: { learningRate } } };
  },
  noDropout: ({ network }, words) =>
    network.dropout > 0 ? { label: words.noDropout, changes: { network: { dropout: 0 } } } : null,
  noPenalty: ({ network }, words) =>
    network.l1 > 0 || network.l2 > 0 ? { label: words.noPenalty, changes: { network: { l1: 0, l2: 0 } } } : null,
  curved: ({ network }, words) => {
    const isLinear = network.layers.length > 0 && network.layers.every(({ activation }) => activation === 'linear');
    if (!isLinear) return null;
    const layers = network.layers.map((layer) => ({ ...layer, activation: 'tanh' as const }));
    return { label: words.curved('tanh'), changes: { network: { layers } } };
  },
  adam: ({ training }, words) =>
    training.optimizer === 'adam' || training.optimizer === 'adamW'
      ? null
      : { label: words.adam, changes: { training: { optimizer: 'adam', learningRate: 0.01 } } },
  noEarlyStopping: ({ training }, words) =>
    training.earlyStopping ? { label: words.noEarlyStopping, changes: { training: { earlyStopping: false } } } : null,
  fairSplit: ({ data }, words) =>
    data.validation < 0.2 ? { label: words.fairSplit, changes: { data: { validation: 0.2 } } } : null,
  compress: (_, words) => ({ label: words.compress, changes: { tab: 'compress' } }),
} satisfies { readonly [name: string]: Make };

/** What helps against each verdict, what helps most often first. */
const AGAINST: Readonly<Record<string, readonly (keyof typeof REMEDIES)[]>> = {
  overfit: ['moreData', 'earlyStopping', 'dropout', 'l2', 'smaller', 'lowerDegree'],
  underfit: [
    'calmerRate',
    'curved',
    'noDropout',
    'noPenalty',
    'higherDegree',
    'larger',
    'moreEpochs',
    'adam',
    'fasterRate',
    'noEarlyStopping',
  ],
  'cannot tell': ['calmerRate', 'moreData', 'larger', 'fairSplit', 'moreEpochs'],
  few: ['moreData', 'ownData', 'calmerRate', 'fairSplit', 'larger', 'moreEpochs'],
  broken: ['slowerRate', 'adam'],
  'good fit': ['compress'],
};

/** What to try against a verdict: only what changes something of what is set. Where samples are few more of them come first. */
export function remediesFor(verdict: string, settings: Settings, words: Words, areFew = false): Remedy[] {
  const names = AGAINST[areFew && verdict === 'cannot tell' ? 'few' : verdict] ?? [];
  return names.flatMap((name) => {
    const make: Make = REMEDIES[name];
    const remedy = make(settings, words);
    return remedy === null ? [] : [{ name, ...remedy }];
  });
}
