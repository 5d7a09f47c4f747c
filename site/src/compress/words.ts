import type { CompressStep, DamageLine } from '../engine/messages.ts';
import { percent, show, signed } from '../fit/visual/numbers.ts';
import type { CompressSettings } from '../state/settings.ts';
import type { Text } from '../text/text.ts';
import { bytesText, whole } from './figures.ts';

type Words = Text['compress'];

/** What was done to the answers, in sentences. */
export function damageWords(line: DamageLine, { damage }: Words): readonly string[] {
  switch (line.kind) {
    case 'changed': {
      const { count, of, share, low, high } = line.changed;
      return [damage.changed(whole(count), whole(of), percent(share), percent(low), percent(high))];
    }
    case 'moved':
      return [damage.moved[line.how](whole(line.count))];
    case 'accuracy': {
      const { before, after, low, high, chance } = line;
      const points = (share: number): string => signed(Math.round(share * 1000) / 10);
      const right = damage.accuracy(percent(before.share), percent(after.share));
      // Where no answer went from right to wrong or back there is nothing to be lucky about.
      return low === 0 && high === 0 ? [right] : [right, damage.chance(points(low), points(high), chanceText(chance))];
    }
    case 'worst': {
      const worst = line.class;
      if (worst === null) return [damage.noWorst];
      return [damage.worst(worst.name, percent(worst.before.share), percent(worst.after.share))];
    }
    case 'distance':
      return [damage.distance(show(line.typical), show(line.largest), whole(line.at + 1))];
    case 'unanswered':
      return [damage.unanswered(whole(line.before), whole(line.after))];
    case 'calibration':
    case 'margin':
    case 'r2':
    case 'rmse':
      return [damage[line.kind](show(line.before), show(line.after))];
  }
}

/** A probability that may be too small for percents. */
const chanceText = (chance: number): string => (chance < 0.001 ? `< ${percent(0.001)}` : percent(chance));

/** What a pass did, in a sentence. */
export function stepWords(step: CompressStep, { steps, controls }: Words): string {
  switch (step.kind) {
    case 'taught':
      return steps.taught(whole(step.parameters), whole(step.epochs));
    case 'pruned': {
      const pattern = controls.patterns[step.pattern];
      return steps.pruned(whole(step.zeros), whole(step.of), percent(step.zeros / step.of), pattern);
    }
    case 'narrowed':
      return steps.narrowed(step.before.join(steps.and), step.units.join(steps.and));
    case 'shared':
      return steps.shared(step.numbers);
    case 'tuned':
      return steps.tuned[step.after](whole(step.epochs));
    case 'prepared':
      return steps.prepared(step.bits);
    case 'rounded':
      return steps.rounded(step.format, step.isTrained);
    case 'sparse':
      return steps.sparse(step.kernels, step.of);
    case 'coded':
      return steps.coded(steps.codings[step.coding], bytesText(step.plain), bytesText(step.bytes));
  }
}

/** What settings ask for, in a few words. */
export function settingsWords(settings: CompressSettings, { tradeoff, controls }: Words): string {
  const { sparsity, pattern, bits, shared, trained, student, epochs } = settings;
  const said: string[] = [];
  if (student < 1) said.push(tradeoff.student(percent(student)));
  if (sparsity > 0) said.push(tradeoff.sparse(percent(sparsity), controls.patterns[pattern]));
  if (shared > 0) said.push(tradeoff.shared(shared));
  if (bits < 32) said.push(tradeoff.bits(bits));
  if (bits <= 8 && trained) said.push(tradeoff.trained);
  if (said.length === 0) return tradeoff.nothing;
  if (epochs > 0) said.push(tradeoff.epochs(whole(epochs)));
  return said.join(tradeoff.separator);
}
