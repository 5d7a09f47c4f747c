import { StateError } from '../base/errors.ts';
import { damageOf, lostBy } from '../compress/damage.ts';
import type { DamageReport, OutputDamage } from '../compress/damage-report.ts';
import { modelledEnergy } from '../compress/energy.ts';
import { meaningsOf } from '../compress/meanings.ts';
import { areNumbers, judged, type MeasureOptions, outputScore } from '../compress/measure.ts';
import { bootstrap } from '../compress/statistics.ts';
import { networkCost } from '../graph/cost.ts';
import type { Stored } from '../graph/encoding.ts';
import type { Graph } from '../graph/graph.ts';
import { decodeNetwork, encodeNetwork } from '../io/network-file.ts';
import { sha256 } from '../io/sha256.ts';
import { type Decisions, decisionsOf, settled } from '../nn/decisions.ts';
import type { Model } from '../nn/model.ts';
import type { SampleLists } from '../nn/samples.ts';
import type { PointFigures, PointScore } from './types.ts';

/** Of the bootstrap, as in `damage`. */
const DRAWS = { resamples: 1000, seed: 0 };

/** What points are judged by: the given model, and the samples that choose and that are reported on. */
export interface Judges {
  readonly model: Model;
  readonly validation: SampleLists;
  readonly test: SampleLists;
}

/**
 * The figures of a network as its file gives it back. Throws StateError where its answers have no score, since some are not
 * finite.
 */
export function figuresOf(op: string, file: Uint8Array, { model, validation, test }: Judges): PointFigures {
  const { network } = decodeNetwork(file);
  const { parameters, nonZeroParameters, macs } = networkCost(network);
  const chosen = against(op, model, network, validation);
  const told = against(op, model, network, test);
  return {
    ...{ bytes: file.length, rawBytes: encodeNetwork(network).length },
    codedBytes: encodeNetwork(network, { coding: 'range' }).length,
    ...{ parameters, nonZeroParameters, macs, energy: modelledEnergy(network) },
    ...{ validation: chosen.score, test: told.score, validationDamage: chosen.damage, testDamage: told.damage },
    digest: sha256(file),
  };
}

interface Against {
  readonly score: PointScore;
  readonly damage: DamageReport;
}

function against(op: string, model: Model, network: Graph<Stored>, samples: SampleLists): Against {
  const known = meaningsOf([model, network], undefined);
  const damage = damageOf(op, [model, network], samples, {}, known);
  return { damage, score: scoreOf(op, network, samples, damage.outputs, known[1]) };
}

function scoreOf(
  op: string,
  network: Graph<Stored>,
  samples: SampleLists,
  outputs: readonly OutputDamage[],
  known: MeasureOptions['outputs'],
): PointScore {
  const [first, ...others] = outputs as [OutputDamage, ...OutputDamage[]];
  if (others.length === 0 && first.kind !== 'numbers') {
    const { share, low, high } = first.accuracy.after;
    return { score: share, low, high, scoreName: 'accuracy' };
  }
  const { targets, predictions, outputs: meant } = judged(op, network, samples, known);
  const n = targets[0]!.shape[0]!;
  const parts = targets.map((y, i) => {
    const said = predictions[i]!;
    const own = settled(meant[i]!, y);
    const of = areNumbers(y, said, own)
      ? // Of what is right to the last bit all would be lost
        (rows: Int32Array): number => 1 - lostBy({ y, said: y }, { said })(rows)[0]!
      : rightIn(decisionsOf(op, y, said, own), n);
    return { ...outputScore(y, said, own), of };
  });
  const names = new Set(parts.map(({ scoreName }) => scoreName));
  const score = parts.reduce((sum, part) => sum + part.score, 0) / parts.length;
  if (!Number.isFinite(score))
    throw new StateError(op, 'the network has no score, since some of its answers are not finite');
  const mean = (rows: Int32Array): number[] => [parts.reduce((sum, { of }) => sum + of(rows), 0) / parts.length];
  const [interval] = bootstrap(n, mean, DRAWS);
  return { score, ...interval!, scoreName: names.size === 1 ? parts[0]!.scoreName : 'mixed' };
}

/** The share of right decisions on rows of samples. */
function rightIn({ count, truth, guess }: Decisions, n: number): (rows: Int32Array) => number {
  const each = count / n;
  const right = new Float64Array(n);
  for (let i = 0; i < count; i++) if (guess(i) === truth(i)) right[Math.floor(i / each)]! += 1 / each;
  return (rows) => {
    let sum = 0;
    for (const row of rows) sum += right[row]!;
    return sum / rows.length;
  };
}
