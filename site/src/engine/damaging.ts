import { damage, type Model, type Network, outputsOf, type Tensor } from 'whittle-ml';
import type { DamageLine } from './messages.ts';
import type { Trained } from './trained.ts';

/** What a network does to the answers that the trained one gives to the test samples, given the outputs of both. */
export function damageLines(trained: Trained, network: Network, before: Tensor, after: Tensor): DamageLine[] {
  const { model, test, samples } = trained;
  if (samples.task === 'regression') return ofNumbers(trained, before, after);
  const [report] = damage(model as Model, network, [test.x, test.y], {
    outputs: outputsOf(model),
    classNames: samples.classes,
  }).outputs;
  if (report === undefined || report.kind === 'numbers') return ofNumbers(trained, before, after);
  const { accuracy, worst, calibration, margins, unanswered } = report;
  const { lost, low, high } = accuracy.lost;
  const lines: DamageLine[] = [{ kind: 'changed', changed: report.changed }];
  for (const how of ['rightToWrong', 'wrongToRight', 'wrongToOther'] as const)
    if (report[how].count > 0) lines.push({ kind: 'moved', how, count: report[how].count });
  lines.push({
    kind: 'accuracy',
    ...{ before: accuracy.before, after: accuracy.after, lost, low, high, chance: accuracy.mcnemar },
  });
  const { name } = worst;
  lines.push({
    kind: 'worst',
    class: worst.lost.lost > 0 ? { name, before: worst.before, after: worst.after } : null,
  });
  if (calibration !== null && calibration.before !== null && calibration.after !== null)
    lines.push({ kind: 'calibration', before: calibration.before, after: calibration.after });
  if (margins !== null && margins.before !== null && margins.after !== null)
    lines.push({ kind: 'margin', before: margins.before.median, after: margins.after.median });
  return [...lines, ...broken(unanswered.before.count, unanswered.after.count)];
}

const broken = (before: number, after: number): DamageLine[] =>
  before + after === 0 ? [] : [{ kind: 'unanswered', before, after }];

function ofNumbers(trained: Trained, before: Tensor, after: Tensor): DamageLine[] {
  const { test } = trained;
  const [was, now] = [before, after].map((outputs) => trained.decide(outputs)) as [Float32Array, Float32Array];
  const rmse = (numbers: Float32Array): number =>
    Math.sqrt(numbers.reduce((sum, y, i) => sum + (y - test.truth[i]!) ** 2, 0) / Math.max(1, numbers.length));
  const moves = now.map((y, i) => Math.abs(y - was[i]!));
  const sorted = moves.filter(Number.isFinite).sort();
  const largest = sorted.at(-1);
  const wrong = (numbers: Float32Array): number => numbers.filter((y) => !Number.isFinite(y)).length;
  return [
    { kind: 'r2', before: trained.score(before, test), after: trained.score(after, test) },
    { kind: 'rmse', before: rmse(was), after: rmse(now) },
    ...(largest === undefined
      ? []
      : [
          {
            kind: 'distance' as const,
            ...{ typical: sorted[sorted.length >> 1]!, largest, at: moves.indexOf(largest) },
          },
        ]),
    ...broken(wrong(was), wrong(now)),
  ];
}
