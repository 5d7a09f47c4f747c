import { Dense, decodeNetwork, encodeNetwork, type Network, prune, Sequential, toNetwork } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStripsOnLog } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { PERCENT } from '../drawn-digits.ts';

const ROUNDS = 5;

/** Median milliseconds of reading each file, in turns. */
function readingTimes(files: readonly Uint8Array[]): number[] {
  const times = files.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    files.forEach((file, i) => {
      const start = performance.now();
      decodeNetwork(file);
      times[i]!.push(performance.now() - start);
    });
  }
  return times.map((each) => each.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!);
}

export const claim = defineClaim({
  id: 'II.2-load-time',
  section: 'II.2',
  title: { en: 'A compressed model loads faster', zh: '压缩后的模型加载更快' },
  claim: {
    en: 'The smaller the file of a model, the sooner it is loaded.',
    zh: '模型文件越小，加载越快。',
  },
  quick: false,
  clock: true,
  arms: {
    dense: { en: 'all weights, as they lie in memory', zh: '全部权重，按内存布局', unit: both('ms') },
    sparse: { en: '8 % of the weights, and their places', zh: '8 % 的权重及其位置', unit: both('ms') },
    huffman: { en: '8 %, by Huffman codes', zh: '8 %，霍夫曼编码', unit: both('ms') },
    range: { en: '8 %, by a range coder', zh: '8 %，区间编码', unit: both('ms') },
    size: { en: 'of the dense file, by the range coder', zh: '区间编码占全部权重文件的', unit: PERCENT },
    line: {
      en: 'a line this slow makes up for its time',
      zh: '链路慢于此值才能抵消其耗时',
      unit: { en: 'MB/s', zh: 'MB/s' },
    },
    saved: { en: 'of the time to read, saved by the range coder', zh: '区间编码节省的读取时间', unit: PERCENT },
  },
  measure(seed) {
    const relu = { activation: 'relu' } as const;
    const layers = [new Dense(300, { ...relu, inputShape: [784] }), new Dense(100, relu), new Dense(10)];
    const model = new Sequential(layers, { seed });
    const pruned = toNetwork(prune(model, { sparsity: 0.92 }));
    const file = (network: Network, coding: 'none' | 'huffman' | 'range') => encodeNetwork(network, { coding });
    const files = [
      file(toNetwork(model), 'none'),
      ...(['none', 'huffman', 'range'] as const).map((c) => file(pruned, c)),
    ];
    const [dense, sparse, huffman, range] = readingTimes(files) as [number, number, number, number];
    const bytes = files.map(({ length }) => length) as [number, number, number, number];
    return {
      ...{ dense, sparse, huffman, range, size: (100 * bytes[3]) / bytes[0], saved: 100 * (1 - range / dense) },
      line: (bytes[0] - bytes[3]) / 1000 / Math.max(0.001, range - dense),
    };
  },
  effect: {
    name: { en: 'Time to read that the coded file saves', zh: '编码文件节省的读取时间' },
    of: 'saved',
    unit: PERCENT,
    better: 'higher',
    smallest: 10,
  },
  reasons: {},
  citations: [{ text: 'Han et al. 2016, Deep Compression', url: 'https://arxiv.org/abs/1510.00149' }],
  charts: armStripsOnLog,
});
