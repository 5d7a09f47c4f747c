import { listed } from '../base/errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { watching } from './tape.ts';

/**
 * Runs `body` and reports each operation as it is computed, forward and backward: its number, name, input and output
 * shapes, and the smallest, mean and largest number that came out. For study. Returns what `body` returns.
 *
 * @example
 * const lines: string[] = [];
 * trace(() => sum(relu(tensor([-1, 2]))), (line) => lines.push(line));
 * lines[0]; // 1 relu [2] -> [2] min 0 mean 1 max 2
 */
export function trace<T>(body: () => T, print: (line: string) => void = (line) => console.log(line)): T {
  let count = 0;
  return watching((op, output, inputs) => {
    const number = String(++count).padStart(4);
    const shapes = `${inputs.map((t) => listed(t.shape)).join(' ')} -> ${listed(output.shape)}`;
    print(`${number}  ${op.padEnd(22)} ${shapes.padEnd(36)} ${summary(output)}`);
  }, body);
}

function summary(t: Tensor): string {
  const { data } = t;
  if (data.length === 0) return 'empty';
  const brief = (value: number): string => String(Number(value.toPrecision(4)));
  if (data.length === 1) return brief(data[0]!);
  let low = Infinity;
  let high = -Infinity;
  let total = 0;
  for (const value of data) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    total += value;
  }
  return `min ${brief(low)}  mean ${brief(total / data.length)}  max ${brief(high)}`;
}
