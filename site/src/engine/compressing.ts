import { fileParts, type Network, predictNetwork, quantize, type Tensor } from 'whittle-ml';
import { damageLines } from './damaging.ts';
import { keepCompressed } from './kept.ts';
import { kernelChanges } from './kernels.ts';
import type { Compressed, CompressStep } from './messages.ts';
import { Refusal } from './refusal.ts';
import { sentenceOf } from './sentences.ts';
import type { Context, Follow, Trained } from './trained.ts';
import { folded, microsecondsOf, type Smallest, smallestFile, weighed } from './weighing.ts';
import { checkSettings, epochsOf, whittle } from './whittling.ts';
import { Superseded, Work } from './work.ts';

/** What comes behind the trainings, as epochs of them. */
const REST = 10;

/** Makes a smaller network of the trained one, and says what became of it. Nothing is told of what is superseded. */
export const compress: Follow<'compress'> = async ({ settings }, context) => {
  const { trained, experiment, tell } = context;
  if (trained === null) throw new Refusal({ kind: 'nothing trained' });
  try {
    checkSettings(settings, trained);
    const work = new Work(context, epochsOf(settings, trained) + REST);
    const { result, network } = await compressed(trained, settings, work);
    keepCompressed(experiment, network);
    tell({ kind: 'compressing', done: 1 });
    tell({ kind: 'compressed', result });
    await formats(context);
  } catch (error) {
    if (error instanceof Superseded) return;
    throw error instanceof Refusal ? error : new Refusal({ kind: 'not compressed', problem: sentenceOf(error) });
  }
};

async function formats(context: Context): Promise<void> {
  if (!(await context.pause())) return;
  const { formats: list } = await import('./exporting.ts');
  await list({ kind: 'formats' }, context);
}

async function compressed(trained: Trained, settings: Compressed['settings'], work: Work) {
  const { test } = trained;
  await work.advance();
  const whittled = await whittle(trained, settings, work);
  const { network, exact, from, kept } = whittled;
  const base = folded(trained.model);
  const [was, now] = [base, network].map((each) => predictNetwork(each, test.x) as Tensor) as [Tensor, Tensor];
  checkAnswers(now);
  await work.advance(1);
  const before = smallestFile(base);
  await work.advance();
  const after = smallestFile(network);
  await work.advance(1);
  const [slow, fast] = (await microsecondsOf([base, network], () => work.advance(0.5))) as [number, number];
  const picture = trained.picture((x) => predictNetwork(network, x) as Tensor);
  await work.advance(3);
  const steps: CompressStep[] = [...whittled.steps];
  if (after.coding !== 'none')
    steps.push({ kind: 'coded', coding: after.coding, bytes: after.file.length, plain: after.plain });
  const result: Compressed = {
    settings,
    before: weighed(base, before.file.length, slow, trained.score(was, test)),
    after: weighed(network, after.file.length, fast, trained.score(now, test)),
    kernels: kernelChanges(from, exact, network, kept),
    picture,
    changed: changedIn(trained, was, now),
    overhead: overheadOf(after, exact, settings),
    damage: damageLines(trained, network, was, now),
    steps,
    notes: whittled.notes,
  };
  return { result, network };
}

/**
 * In small networks what comes with integers, their scales and their description, may take more than the bits that they save.
 * It is looked for where most of the file is not numbers.
 */
function overheadOf({ file }: Smallest, exact: Network, { bits }: Compressed['settings']): Compressed['overhead'] {
  if (bits > 8) return null;
  const parts = fileParts(file);
  const of = (name: string): number => parts.reduce((sum, { part, bytes }) => sum + (part === name ? bytes : 0), 0);
  const [values, scales] = [of('values'), of('scales')];
  if (2 * values > file.length) return null;
  const sixteen = smallestFile(quantize(exact, { format: 'float16' })).file.length;
  return sixteen < file.length ? { sixteen, values, scales, rest: file.length - values - scales } : null;
}

function checkAnswers({ data }: Tensor): void {
  if (!data.every(Number.isFinite)) throw new Refusal({ kind: 'answers not finite' });
}

/** Test samples whose class is another one than before. */
function changedIn(trained: Trained, was: Tensor, now: Tensor): Int32Array {
  if (trained.samples.task === 'regression') return new Int32Array();
  const [before, after] = [was, now].map((outputs) => trained.decide(outputs)) as [Float32Array, Float32Array];
  return Int32Array.from(before.keys()).filter((i) => before[i] !== after[i]);
}
