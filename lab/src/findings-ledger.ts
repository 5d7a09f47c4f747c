import { decimals, percent, whole } from './format.ts';
import type { LayerLoss, Ledgers } from './types.ts';

type Found = Omit<Ledgers, 'findings'>;

/** A loss that a layer adds: three digits, and none below a millionth. */
export const addedText = (added: number): string => {
  const shown = Math.abs(added) < 1e-6 ? 0 : Number(added.toPrecision(3));
  return Number.isFinite(added) ? `${shown > 0 ? '+' : ''}${shown}` : '–';
};

export const decibelText = (x: number | null): string => (x === null ? 'exact' : `${x.toFixed(1)} dB`);

/** The layer that adds most to the loss alone, of equals the one with the noisier outputs. */
export const worstOf = (layers: readonly LayerLoss[]): LayerLoss =>
  layers.reduce((worst, layer) =>
    layer.loss > worst.loss || (layer.loss === worst.loss && noise(layer) > noise(worst)) ? layer : worst,
  );

const noise = ({ outputs }: LayerLoss): number => (outputs === null ? Number.NEGATIVE_INFINITY : -outputs);

/** Sentences with numbers about layers in fewer bits, whichever way these fall. */
export function ledgerFindings({ forms, real, repaired, mixed, loss }: Found): string[] {
  const worst = forms.map(({ format, layers, score }) => {
    const layer = worstOf(layers);
    const added = layer.loss - real.loss;
    const what =
      added > 0
        ? `most harm is done by ${layer.name}, alone ${addedText(added)} of ${loss}`
        : `no layer alone adds to the ${loss}`;
    return `In ${format} ${what}; all layers together score ${decimals(score)} instead of ${decimals(real.score)}.`;
  });
  const repairs = repaired.map(({ format, steps, bytes, lost, isEnough }) => {
    if (steps.length === 0)
      return isEnough
        ? `${format} loses ${decimals(lost.before)} of the score, which needs no repair.`
        : `A tenth more bytes repairs nothing of what ${format} loses, ${decimals(lost.before)} of the score.`;
    const grown = bytes.after / bytes.before - 1;
    const size = grown < 0 ? `${percent(-grown)} fewer bytes` : `${percent(grown)} more bytes`;
    return `${format} repaired: ${decimals(lost.after)} of the score are lost instead of ${decimals(lost.before)}, for ${size} in ${whole(steps.length)} ${steps.length === 1 ? 'step' : 'steps'}.`;
  });
  const score = (name: string): string => decimals(forms.find(({ format }) => format === name)!.score);
  const choice =
    mixed === null
      ? []
      : [
          `A format for each layer within ${whole(mixed.budget)} bytes, half way between ternary and int4, scores ${decimals(mixed.score)}; ternary throughout scores ${score('ternary')}, int4 ${score('int4')}.`,
        ];
  return [...worst, ...repairs, ...choice];
}
