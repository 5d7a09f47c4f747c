import { FormatError, r2, type Tensor } from 'whittle-ml';
import type { RawTable, TableEncoder } from 'whittle-ml/data';
import { decimals, whole } from './format.ts';
import { asTyped } from './words.ts';

/** What a network says of the rows of a table, as columns. */
export interface Answers {
  /** `prediction`, and for classes `p(class)` each. */
  readonly names: readonly string[];
  /** One per name. */
  cells(row: number): readonly (string | number)[];
  /** How good they are where the table has the target, as a sentence; null without it. */
  readonly score: string | null;
}

/** What was said of the rows of a table: a class of each with the probabilities of all, [rows · classes], or a number of each. */
export type Said =
  | {
      readonly labels: readonly string[];
      readonly probabilities: ArrayLike<number>;
      readonly classes: readonly string[];
    }
  | { readonly labels?: undefined; readonly numbers: ArrayLike<number> };

export function answersOf(said: Said, score: string | null): Answers {
  if (said.labels === undefined) {
    const { numbers } = said;
    return { names: ['prediction'], cells: (row) => [numbers[row]!], score };
  }
  const { labels, probabilities, classes } = said;
  return {
    names: ['prediction', ...classes.map((name) => `p(${name})`)],
    cells: (row) => [labels[row]!, ...classes.map((_, i) => probabilities[row * classes.length + i]!)],
    score,
  };
}

/** Answers by the outputs of a network and the encoder that it was trained with. */
export function decodedAnswers(encoder: TableEncoder, outputs: Tensor, table: RawTable): Answers {
  const { labels, probabilities, numbers } = encoder.decode(outputs);
  if (labels === undefined) {
    const guess = outputs.data; // on the scale of the encoder, as the target is
    const score = scoreOf(encoder, table, 'R²', (truth, rows) => {
      const state = r2().create();
      state.update(
        truth.data,
        Array.from(rows, (row) => guess[row]!),
      );
      return state.result();
    });
    return answersOf({ numbers: numbers! }, score);
  }
  const classes = encoder.classNames!;
  const score = scoreOf(encoder, table, 'accuracy', ({ data }, rows) => {
    const right = rows.filter((row, i) => labels[row] === classes[data[i]!]);
    return right.length / rows.length;
  });
  return answersOf({ labels, probabilities: probabilities!.data, classes }, score);
}

function scoreOf(
  encoder: TableEncoder,
  table: RawTable,
  name: string,
  measure: (truth: Tensor, rows: Int32Array) => number,
): string | null {
  const target = encoder.targetName!;
  if (!table.names.includes(target)) return null;
  try {
    const { target: truth, rows } = encoder.transform(table, { target: true });
    const score = decimals(measure(truth!, rows));
    const on = `${whole(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}`;
    return `"${target}" is in the table: ${name} ${score} on ${on}. Of rows that the network was trained on this is no test.`;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return `"${target}" is in the table, but tells nothing: ${asTyped(error)}.`;
  }
}
