import { decimals, percent, signed, whole } from './format.ts';
import type { LayerLoss, Ledgers, Rounding, RoundingName } from './types-layers.ts';

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

/** What a layer adds alone, and how far chance reaches where that is known. */
export const addedBy = ({ loss, chance }: LayerLoss, real: number): string =>
  `${addedText(loss - real)}${chance === null ? '' : ` ± ${addedText(chance).replace('+', '')}`}`;

/** Beside the teacher's score. */
const beside = (score: number, teacher: number): string =>
  decimals(score) === decimals(teacher)
    ? `${decimals(score)}, as the teacher`
    : `${decimals(score)} instead of ${decimals(teacher)}`;

/** Which layer does most harm in a format, if the samples can tell. */
function harmFinding({ format, layers, score }: Found['forms'][number], found: Found): string {
  const { real, samples, loss, scoreName } = found;
  const worst = worstOf(layers);
  const added = worst.loss - real.loss;
  const isChance = worst.chance !== null && added <= worst.chance;
  const reach = (layer: LayerLoss): number => layer.loss + (layer.chance ?? 0);
  const alike = layers.filter((layer) => layer !== worst && reach(layer) >= worst.loss - (worst.chance ?? 0));
  const apart = alike.length === 0 ? '' : `, which these samples do not tell apart from ${namesOf(alike)}`;
  const what =
    added <= 0
      ? `no layer alone adds to the ${loss} of ${whole(samples)} samples`
      : isChance
        ? `what a layer alone adds to the ${loss} of ${whole(samples)} samples is chance, at most ${addedBy(worst, real.loss)} by ${worst.name}`
        : `most harm is done by ${worst.name}, alone ${addedBy(worst, real.loss)} of ${loss}${apart}`;
  return `In ${format} ${what}; all layers together have an ${scoreName} of ${beside(score, real.score)}.`;
}

const MOST_NAMES = 3;
function namesOf(layers: readonly LayerLoss[]): string {
  if (layers.length > MOST_NAMES) return `${whole(layers.length)} others`;
  const names = layers.map(({ name }) => name);
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** What a score lost, which may be a gain. */
const lostText = (lost: number, scoreName: string): string =>
  decimals(lost) === '0.000'
    ? `no ${scoreName}`
    : lost < 0
      ? `no ${scoreName}, it gains ${decimals(-lost)}`
      : `${decimals(lost)} of ${scoreName}`;

function repairFinding({ format, steps, bytes, lost, isEnough }: Found['repaired'][number], scoreName: string): string {
  const before = lostText(lost.before, scoreName);
  if (steps.length === 0)
    return isEnough
      ? `${format} needs no repair by the validation samples; on those of the test it loses ${before}.`
      : `By the validation samples a tenth more bytes repairs nothing in ${format}; on those of the test it loses ${before}.`;
  const grown = bytes.after / bytes.before - 1;
  const size = grown < 0 ? `${percent(-grown)} fewer bytes` : `${percent(grown)} more bytes`;
  const count = `${whole(steps.length)} ${steps.length === 1 ? 'step' : 'steps'}`;
  return `On the test samples ${format} loses ${before}; repaired by the validation samples, for ${size} in ${count}, it loses ${lostText(lost.after, scoreName)}.`;
}

/** Sentences with numbers about layers in fewer bits, whichever way these fall. */
export function ledgerFindings(found: Found): string[] {
  const { forms, repaired, mixed, scoreName } = found;
  const score = (name: string): string => decimals(forms.find(({ format }) => format === name)!.score);
  const choice =
    mixed === null
      ? []
      : [
          `A format for each layer within ${whole(mixed.budget)} bytes, half way between ternary and int4, chosen on the validation samples, has an ${scoreName} of ${decimals(mixed.score)}; ternary throughout has ${score('ternary')}, int4 ${score('int4')}.`,
        ];
  return [
    ...forms.map((form) => harmFinding(form, found)),
    ...repaired.map((each) => repairFinding(each, scoreName)),
    ...choice,
  ];
}

/** Whether kernels of 4 bits are better trained rounded than rounded afterwards. */
export function roundingFinding({ rows, gain, samples, epochs }: Omit<Rounding, 'finding'>, scoreName: string): string {
  const of = (name: RoundingName): string => decimals(rows.find((row) => row.name === name)!.test.mean);
  const interval = `${signed(gain.gain)}, from ${signed(gain.low)} to ${signed(gain.high)}`;
  const verdict =
    gain.low > 0
      ? `training rounded is better (${interval})`
      : gain.high < 0
        ? `training rounded is worse (${interval})`
        : `${whole(samples)} test samples cannot tell the two apart (${interval})`;
  return `Kernels of 4 bits have an ${scoreName} of ${of('trained rounded')} trained rounded and ${of('rounded afterwards')} rounded afterwards: ${verdict}. As many epochs in float32, ${whole(epochs)}, and rounding then have ${of('trained on in float32, then rounded')}.`;
}
