import { fromData, type Tensor, WhittleError } from 'whittle-ml';
import { type RawTable, TableEncoder } from 'whittle-ml/data';
import type { ImageShape } from './types-base.ts';

/** Rows of a table as images: its columns of features are the pixels, row by row, the channels of a pixel side by side. */

export const imageText = (image: readonly number[]): string => image.join('×');

/** As many names of columns are told. */
const SOME = 3;

/** Throws a WhittleError unless the columns of features are the pixels of images, one each. */
export function checkPixels(encoder: TableEncoder, image: ImageShape): void {
  const refuse = (problem: string): never => {
    throw new WhittleError('Value', 'table', problem);
  };
  const { columns } = encoder;
  const pixels = image.reduce((product, n) => product * n, 1);
  const other = columns.find(({ kind }) => kind !== 'number');
  if (other !== undefined) {
    const name = JSON.stringify(other.name);
    const holds = other.kind === 'date' ? 'dates' : 'categories';
    const drop = columns.length > pixels ? ', or leave a column that is no pixel out with --drop' : '';
    refuse(
      `${name} holds ${holds}, and pixels are numbers: say types: { ${name}: 'number' }, which takes the cells that are ` +
        `none for missing, or name these with --na${drop}`,
    );
  }
  const marked = columns.find((column) => column.kind === 'number' && column.marked);
  if (marked !== undefined) {
    refuse(
      `--missing category adds a column for the missing cells of "${marked.name}", which is no pixel: fill with mean`,
    );
  }
  if (pixels === columns.length) return;
  const names = columns.map(({ name }) => JSON.stringify(name));
  const list = names.length > 2 * SOME ? [...names.slice(0, SOME), '...', ...names.slice(-SOME)] : names;
  const remedy = columns.length > pixels ? '; --drop leaves columns out' : '';
  refuse(
    `--image ${image.join('x')} is ${pixels} numbers a row, and the table has ${columns.length} columns beside the target ` +
      `(${list.join(', ')})${remedy}`,
  );
}

/** An error of the encoder without the remedy that adds a column: it would be no pixel. */
export function ofPixels(error: unknown): unknown {
  if (error instanceof WhittleError)
    error.message = error.message.replace(
      "'mean', 'median', 'frequent' or 'category'",
      "'mean', 'median' or 'frequent'",
    );
  return error;
}

/**
 * The encoder with one scale for all its columns: the mean and the deviation of all pixels of these rows. Columns that
 * were scaled one by one would not be an image any more, and a border that is always dark would be nothing but noise.
 */
export function withOneScale(encoder: TableEncoder, table: RawTable, rows: readonly number[]): TableEncoder {
  const json = encoder.toJSON();
  let [count, sum, squares] = [0, 0, 0];
  const each = (use: (pixel: number) => void): void => {
    for (const { name, fill } of json.columns) {
      const { numbers } = table.column(table.names.indexOf(name));
      for (const row of rows) use(Number.isNaN(numbers[row]!) ? Number(fill) : numbers[row]!);
    }
  };
  each((pixel) => {
    count++;
    sum += pixel;
  });
  const mean = sum / count;
  each((pixel) => {
    squares += (pixel - mean) ** 2;
  });
  const scaling = { center: [mean], scale: [Math.sqrt(squares / count) || 1] };
  return TableEncoder.fromJSON({ ...json, columns: json.columns.map((column) => ({ ...column, scaling })) });
}

/** Where a pixel of a row of `to` lies between those of a row of `from`: two neighbours and the weight of the second. */
function neighbours(from: number, to: number): readonly (readonly [low: number, high: number, share: number])[] {
  return Array.from({ length: to }, (_, i) => {
    const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    const low = Math.floor(at);
    return [low, Math.min(from - 1, low + 1), at - low];
  });
}

/** Images [n, height, width, channels] at another size, bilinear: pixels are squares whose middles are compared. */
export function resized(images: Tensor, [height, width]: readonly [height: number, width: number]): Tensor {
  const [n, h, w, c] = images.shape as readonly [number, number, number, number];
  const out = new Float32Array(n * height * width * c);
  const columns = neighbours(w, width);
  let at = 0;
  for (let i = 0; i < n; i++) {
    for (const [top, bottom, down] of neighbours(h, height)) {
      for (const [left, right, along] of columns) {
        for (let k = 0; k < c; k++) {
          const pixel = (y: number, x: number): number => images.data[((i * h + y) * w + x) * c + k]!;
          const above = (1 - along) * pixel(top, left) + along * pixel(top, right);
          const below = (1 - along) * pixel(bottom, left) + along * pixel(bottom, right);
          out[at++] = (1 - down) * above + down * below;
        }
      }
    }
  }
  return fromData(out, [n, height, width, c]);
}
