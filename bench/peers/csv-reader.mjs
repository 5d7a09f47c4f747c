// A process of its own: reads a table of numbers and prints seconds, the most memory held, and a sum of the numbers.
import { readFileSync } from 'node:fs';

/** Each fills float32 features [rows, columns - 1] and a float32 target [rows], as `tableFromCSV` does. */
const READERS = {
  'whittle-ml': async () => {
    const { tableFromCSV } = await import('whittle-ml/data');
    return (path, _, columns) => {
      const { features, target } = tableFromCSV(readFileSync(path), { target: `c${columns - 1}`, task: 'regression' });
      return { features: features.data, target: target.data };
    };
  },
  papaparse: async () => {
    const { default: papa } = await import('papaparse');
    return filled((path, take) => papa.parse(readFileSync(path, 'utf8'), { step: ({ data }) => take(data) }));
  },
  'd3-dsv': async () => {
    const { csvParseRows } = await import('d3-dsv');
    return filled((path, take) => csvParseRows(readFileSync(path, 'utf8'), take));
  },
  udsv: async () => {
    const { inferSchema, initParser } = await import('udsv');
    return filled((path, take) => {
      const text = readFileSync(path, 'utf8');
      const parser = initParser(inferSchema(text));
      take([]);
      parser.stringArrs(text, take);
    });
  },
};

/** The rows that `read` hands on, the first of them the header, as numbers: none of them is kept. */
const filled = (read) => (path, rows, columns) => {
  const features = new Float32Array(rows * (columns - 1));
  const target = new Float32Array(rows);
  let row = -1;
  read(path, (cells) => {
    if (row >= 0 && cells.length === columns) {
      const at = row * (columns - 1);
      for (let i = 0; i < columns - 1; i++) features[at + i] = +cells[i];
      target[row] = +cells[columns - 1];
    }
    row++;
    return null;
  });
  return { features, target };
};

const [who, path, rows, columns] = process.argv.slice(2);
const read = await READERS[who]();
const start = performance.now();
const { features, target } = read(path, Number(rows), Number(columns));
const seconds = (performance.now() - start) / 1000;
const sum = features.reduce((a, b) => a + b, 0) + target.reduce((a, b) => a + b, 0);
console.log(JSON.stringify({ seconds, peak: 1024 * process.resourceUsage().maxRSS, sum }));
