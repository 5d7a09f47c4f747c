import { expect, test } from 'vitest';
import { Activation, Conv2D, Dense, DepthwiseConv2D, MaxPool2D, AvgPool2D, Flatten, GlobalAvgPool2D } from '../../src/index.ts';
import { printGraph } from '../../src/graph/print.ts';
import { normal } from '../compress/tools.ts';
import { FIVE, trained } from '../compress/five-networks.ts';
import { chain, convert, difference, prepareQAT } from './qat-tools.ts';
test('dense', () => {
  const model = chain([new Dense(7, { activation: 'relu', inputShape: [5] }), new Dense(6, { activation: 'relu6' }), new Dense(3)]);
  const x = normal([1000, 5], 1);
  const p = prepareQAT(model, { calibration: x });
  console.log(printGraph(p.graph));
  const n = convert(p);
  console.log(printGraph(n));
  console.log(difference(p, n, x));
});
test.each(Object.keys(FIVE))('%s', (name) => {
  const model = trained(name);
  const x = normal([40, ...model.inputShape], 1);
  const p = prepareQAT(model, { calibration: x });
  const n = convert(p);
  if (name.includes('res')) { console.log(printGraph(p.graph)); console.log(printGraph(n)); }
  console.log(name, difference(p, n, x));
});
