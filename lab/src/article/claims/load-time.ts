import { Dense, decodeNetwork, encodeNetwork, type Network, prune, Sequential, toNetwork } from 'whittle-ml';
import { both } from '../bilingual.ts';
import { armStripsOnLog } from '../charts.ts';
import { defineClaim } from '../claim.ts';
import { PERCENT } from '../drawn-digits.ts';

const ROUNDS = 3;

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
    times: { en: 'times as fast to read, by the range coder', zh: '区间编码的读取速度是全部权重的倍数' },
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
      ...{ dense, sparse, huffman, range, size: (100 * bytes[3]) / bytes[0], times: dense / range },
      line: (bytes[0] - bytes[3]) / 1000 / Math.max(0.001, range - dense),
    };
  },
  effect: {
    name: { en: 'How many times as fast the coded file is read', zh: '编码文件的读取速度是原来的多少倍' },
    of: 'times',
    better: 'higher',
    smallest: 1.1,
  },
  reasons: {
    fails: {
      en: 'The file of the range coder has {size} % of the bytes of the dense one, and is read in {range} ms instead of {dense}: a code has to be undone bit by bit, where numbers that lie as in memory are copied. Even places and numbers without a code take {sparse} ms, with Huffman codes {huffman}. A small file is sooner there where bytes are slow: over a line of less than {line} MB/s.',
      zh: '区间编码文件的字节数只有原文件的 {size} %，读取却要 {range} ms，而原文件只要 {dense} ms：编码须逐位解开，按内存布局存放的数则只需复制。即使不编码，只存位置和数值也要 {sparse} ms，霍夫曼编码为 {huffman} ms。小文件在传输慢时才更快：链路低于 {line} MB/s 时。',
    },
  },
  citations: [{ text: 'Han et al. 2016, Deep Compression', url: 'https://arxiv.org/abs/1510.00149' }],
  charts: armStripsOnLog,
});
