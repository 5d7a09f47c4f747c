import type { Page } from 'playwright';
import { BITS, EPOCHS, PATTERNS, SHARED, SPARSITY, STUDENTS } from '../../site/src/compress/choices.ts';
import { SCALES } from '../../site/src/fit/controls/stops.ts';
import { placeOf, type Scale } from '../../site/src/shell/scales.ts';
import type { Settings } from '../../site/src/state/settings.ts';
import { en } from '../../site/src/text/en.ts';
import { zh } from '../../site/src/text/zh.ts';

/** What controls show, by their labels, and in the order of the page where several have one label. */
export type Shown = Readonly<Record<string, readonly (string | number | boolean)[]>>;

/** What the page shows now: the places of sliders, the names of what is chosen, what is on. */
export const shownControls = (page: Page): Promise<Shown> =>
  page.evaluate(() => {
    const shown: Record<string, (string | number | boolean)[]> = {
      tab: [document.querySelector('[role=tab][aria-selected=true]')?.id ?? ''],
      language: [document.documentElement.lang],
    };
    for (const control of document.querySelectorAll<HTMLInputElement | HTMLSelectElement>('main input, main select')) {
      const label = control.labels?.[0]?.textContent?.trim() ?? '';
      let value: string | number | boolean;
      if (control instanceof HTMLSelectElement) value = control.selectedOptions[0]?.textContent?.trim() ?? '';
      else if (control.type === 'radio' || control.type === 'checkbox') value = control.checked;
      else if (control.type === 'file') continue;
      else value = control.valueAsNumber;
      shown[label] ??= [];
      shown[label].push(value);
    }
    return shown;
  });

/** What the controls of Fit, or of Compress, must show of these settings: by label, as far as they are there. */
export const controlsOf = (settings: Settings): Shown => ({
  tab: [`tab-${settings.tab}`],
  language: [settings.language === 'zh' ? 'zh-Hans' : 'en'],
  ...ofTab(settings),
});

function ofTab(settings: Settings): Shown {
  const { controls, compress } = { en, zh }[settings.language];
  const slider = (label: string, scale: Scale, value: number) => [label, [placeOf(value, scale)]] as const;
  if (settings.tab === 'compress') {
    const { controls: words } = compress;
    const set = settings.compress;
    return Object.fromEntries([
      slider(words.sparsity, SPARSITY, set.sparsity),
      [words.pattern, [words.patterns[PATTERNS.find((pattern) => pattern === set.pattern)!]]],
      slider(words.bits, BITS, set.bits),
      [words.trained, [set.trained]],
      slider(words.shared, SHARED, set.shared),
      slider(words.student, STUDENTS, set.student),
      slider(words.epochs, EPOCHS, set.epochs),
    ]);
  }
  if (settings.tab !== 'fit') return {};
  const { data, network, training } = settings;
  const names = Object.entries(controls.data.names).map(([name, label]) => [label, [name === data.name]] as const);
  return Object.fromEntries([
    ...names,
    slider(controls.data.samples, SCALES.samples, data.samples),
    slider(controls.data.noise, SCALES.noise, data.noise),
    slider(controls.data.degree, SCALES.degree, data.degree),
    slider(controls.data.validation, SCALES.share, data.validation),
    slider(controls.data.test, SCALES.share, data.test),
    [controls.data.seed, [data.seed]],
    [controls.network.units, network.layers.map(({ units }) => units)],
    [controls.network.activation, network.layers.map(({ activation }) => controls.network.activations[activation])],
    slider(controls.network.dropout, SCALES.dropout, network.dropout),
    slider(controls.network.l1, SCALES.penalty, network.l1),
    slider(controls.network.l2, SCALES.penalty, network.l2),
    [controls.network.batchNorm, [network.batchNorm]],
    slider(controls.training.learningRate, SCALES.learningRate, training.learningRate),
    [controls.training.optimizer, [controls.training.optimizers[training.optimizer]]],
    [controls.training.loss, [controls.training.losses[training.loss]]],
    slider(controls.training.batchSize, SCALES.batchSize, training.batchSize),
    slider(controls.training.epochs, SCALES.epochs, training.epochs),
    [controls.training.earlyStopping, [training.earlyStopping]],
    slider(controls.training.patience, SCALES.patience, training.patience),
    [controls.training.restoreBest, [training.restoreBest]],
  ]);
}
