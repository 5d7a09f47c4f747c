import { availableParallelism, cpus } from 'node:os';
import { backend } from 'whittle-ml';
import type { JobData, Prepared } from './prepare.ts';
import type { JobReport } from './types.ts';
import { sentenceOf } from './words.ts';

/** Facts that every report begins with. */

/** What is told of a table, and of how it was made ready. */
export function dataOf(data: JobData, { notes, inputs, train, validation, test }: Prepared): JobReport['data'] {
  const { name, targetName, task, taskReason, classNames, image, rows } = data;
  return {
    name,
    rows: rows.length,
    features: inputs,
    target: targetName,
    classes: classNames ?? null,
    task,
    taskReason,
    notes: notes.map((note) => sentenceOf(note)),
    split: { train: train[1].shape[0]!, validation: validation[1].shape[0]!, test: test[1].shape[0]! },
    image,
  };
}

export function environment(): JobReport['environment'] {
  return {
    runtime: `Node ${process.versions.node}`,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    kernels: backend().name,
  };
}
