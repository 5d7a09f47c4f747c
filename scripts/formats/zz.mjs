import { readFileSync } from 'node:fs';
import { openLiteRt } from './litert.mjs';
import { fileOf, tablesOf, withRealEnds } from './tflite-tables.mjs';
import { fromTflite, toTflite } from '../../dist/src/formats/index.js';
const l = await openLiteRt();
const page = await l.open(true, true);
const f = readFileSync('/work/shared/data/mlperf-tiny/ad01_int8.tflite');
const x = new Float32Array(640);
for (const [n, file] of [['float resnet', readFileSync('/work/shared/data/mlperf-tiny/pretrainedResnet.tflite')], ['resnet re-encoded', fileOf(tablesOf(readFileSync('/work/shared/data/mlperf-tiny/pretrainedResnet.tflite')))], ['ad original', f], ['ad re-encoded', fileOf(tablesOf(f))], ['ad ends', fileOf(withRealEnds(tablesOf(f)))], ['ad written', toTflite(fromTflite(f).network, {io:'float32'})]]) {
  const s = n.startsWith('ad') ? [1, 640] : [1,32,32,3];
  try { const r = await page.run(file, new Float32Array(s.reduce((a,b)=>a*b)), s); console.log(n, 'ok', r.samples[0][0].slice(0,4), r.isWhole); } catch (e) { console.log(n, e.message.split('\n').slice(0,2).join('|')); }
}
await l.close();
