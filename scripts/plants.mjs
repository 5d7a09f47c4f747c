// Breaks the code on purpose, one fault at a time, and expects the named tests to fail. Each plant is a textual patch of one
// file; `find` must match exactly once. Usage: node scripts/plants.mjs [part of a plant's name]
import process from 'node:process';
import { Planting } from './planting.mjs';
import { plants } from './plants-list.mjs';

const wanted = process.argv[2] ?? '';
const chosen = plants.filter(({ name }) => name.includes(wanted));
if (chosen.length === 0) {
  console.error(`plants: no plant is called like ${JSON.stringify(wanted)}`);
  process.exit(2);
}
const planting = new Planting();

// The tests must pass before anything is planted, or their failing would prove nothing.
const broken = [];
for (const file of new Set(chosen.flatMap(({ mustFail }) => mustFail))) {
  const { passed, failed } = await planting.run([file]);
  if (passed === 0 || failed > 0) broken.push(`${file}: ${passed} passed, ${failed} failed`);
}
if (broken.length > 0) {
  console.error(`plants: the tests fail without any plant\n${broken.join('\n')}`);
  process.exit(1);
}

let missed = 0;
for (const { name, file, find, replace, mustFail } of chosen) {
  const original = planting.read(file);
  const places = original.split(find).length - 1;
  if (places !== 1) {
    console.log(`BROKEN  ${name}: its text is found ${places} times in ${file}`);
    missed++;
    continue;
  }
  await planting.write(
    file,
    original.replace(find, () => replace),
  );
  // A test that fails to start has not noticed anything: one must have run and failed.
  const survivors = [];
  for (const test of mustFail) if ((await planting.run([test])).failed === 0) survivors.push(test);
  await planting.write(file, original);
  if (survivors.length > 0) missed++;
  console.log(survivors.length > 0 ? `MISSED  ${name}: ${survivors.join(', ')} do not fail` : `caught  ${name}`);
}
console.log(`${chosen.length - missed} plants caught, ${missed} missed`);
process.exit(missed === 0 ? 0 : 1);
