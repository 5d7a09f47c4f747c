import type { Callback } from '../nn/model.ts';

type Figures<F> = Readonly<Record<string, F>>;

/** Figures of a network with heads, and those of the student's only output, called so, by the names that they have without heads. */
export const aliased =
  (output: string) =>
  <F>(figures: Figures<F>): Figures<F> => {
    const own = Object.entries(figures).flatMap(([name, figure]) => {
      const held = name.startsWith('val_') ? 'val_' : '';
      const rest = name.slice(held.length);
      const metric = rest.startsWith(`${output}_`) ? rest.slice(output.length + 1) : 'loss';
      return metric === 'loss' ? [] : [[held + metric, figure] as const];
    });
    return { ...Object.fromEntries(own), ...figures };
  };

/** Callbacks that are told figures by those names. */
export function asOfStudent(
  callbacks: readonly Callback[],
  rename: ReturnType<typeof aliased> | null,
): readonly Callback[] {
  if (rename === null || !Array.isArray(callbacks)) return callbacks;
  return (callbacks as readonly Callback[]).map((own): Callback => {
    if (typeof Object(own).onEpochEnd !== 'function') return own;
    return {
      onTrainBegin: (model) => own.onTrainBegin?.(model),
      onTrainEnd: (model) => own.onTrainEnd?.(model),
      onEpochBegin: (epoch, model) => own.onEpochBegin?.(epoch, model),
      onEpochEnd: (epoch, logs, model) => own.onEpochEnd?.(epoch, rename(logs), model),
      onBatchBegin: (batch, model) => own.onBatchBegin?.(batch, model),
      onBatchEnd: (batch, logs, model) => own.onBatchEnd?.(batch, logs, model),
      onValidationBegin: (model) => own.onValidationBegin?.(model),
      onValidationEnd: (model) => own.onValidationEnd?.(model),
    };
  });
}
