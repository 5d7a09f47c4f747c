import { test } from 'vitest';
import { FIVE, trained, tenClasses } from '../compress/five-networks.ts';
import { quantize } from '../../src/index.ts';
import { ledger } from '../../src/quantize/ledger.ts';
for (const format of ['static','int4','ternary','float16','dynamic','fixed', 'binary'] as const)
test.each(Object.keys(FIVE).filter((n) => !n.includes('Net')))(`%s ${format}`, (name) => {
  const model = trained(name);
  const [x, y] = tenClasses(model, 40);
  const q = quantize(model, { calibration: x, format });
  const t = performance.now();
  const l = ledger(model, q, { samples: [x, y] });
  console.log(name, performance.now() - t, '\n' + l.toString(), l.worst.name);
});
