// Breaks the code on purpose, one fault at a time, and expects the named tests to fail. Each plant is a textual patch of one
// file; `find` must match exactly once. There is a process for each core, with a copy of the repository of its own.
// Usage: node scripts/plants.mjs [--tested] [--part 2/3] [part of a plant's name]
// --tested: the tests have just passed on this very code, and are not run once more without a plant.
// --part 2/3: of every three plants the second.
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Planting } from './planting.mjs';
import { plants } from './plants-list.mjs';

/** In a process of its own: says whether the plant of a number is caught, or, of a file of tests, how it fares without any. */
function work() {
  const planting = new Planting();
  process.on('disconnect', () => process.exit());
  process.on('message', async (job) => {
    process.send(typeof job === 'number' ? await plant(planting, plants[job]) : await planting.run([job]));
  });
}

async function plant(planting, { name, file, find, replace, mustFail }) {
  const original = planting.read(file);
  const places = original.split(find).length - 1;
  if (places !== 1) return { caught: false, line: `BROKEN  ${name}: its text is found ${places} times in ${file}` };
  await planting.write(
    file,
    original.replace(find, () => replace),
  );
  // A test that fails to start has not noticed anything: one must have run and failed.
  const survivors = [];
  for (const test of mustFail) if ((await planting.run([test])).failed === 0) survivors.push(test);
  await planting.write(file, original);
  const caught = survivors.length === 0;
  return { caught, line: caught ? `caught  ${name}` : `MISSED  ${name}: ${survivors.join(', ')} do not fail` };
}

/** Hands jobs out to the processes, the next to whichever is free, and tells each answer. */
async function deal(workers, jobs, onAnswer) {
  const left = [...jobs];
  const serve = async (worker) => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) {
      const answered = new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('exit', () => reject(new Error(`plants: a process ended at ${JSON.stringify(job)}`)));
      });
      worker.send(job);
      onAnswer(job, await answered);
      worker.removeAllListeners();
    }
  };
  await Promise.all(workers.map(serve));
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { tested: { type: 'boolean', default: false }, part: { type: 'string', default: '1/1' } },
    allowPositionals: true,
  });
  const { tested: isTested } = values;
  const [wanted = ''] = positionals;
  const [part, parts] = values.part.split('/').map(Number);
  if (!(Number.isInteger(part) && part >= 1 && part <= parts)) {
    console.error(`plants: --part must be as 2/3, got ${values.part}`);
    return 2;
  }
  const named = plants.flatMap(({ name }, i) => (name.includes(wanted) ? [i] : []));
  const chosen = named.filter((_, i) => i % parts === part - 1);
  if (chosen.length === 0) {
    console.error(`plants: no plant is called like ${JSON.stringify(wanted)}`);
    return 2;
  }
  const count = Math.min(availableParallelism(), chosen.length);
  const workers = Array.from({ length: count }, () => fork(fileURLToPath(import.meta.url)));
  try {
    // The tests must pass before anything is planted, or their failing would prove nothing.
    const broken = [];
    const tests = new Set(isTested ? [] : chosen.flatMap((i) => plants[i].mustFail));
    await deal(workers, tests, (file, { passed, failed }) => {
      if (passed === 0 || failed > 0) broken.push(`${file}: ${passed} passed, ${failed} failed`);
    });
    if (broken.length > 0) {
      console.error(`plants: the tests fail without any plant\n${broken.join('\n')}`);
      return 1;
    }
    let missed = 0;
    await deal(workers, chosen, (_, { caught, line }) => {
      if (!caught) missed++;
      console.log(line);
    });
    console.log(`${chosen.length - missed} plants caught, ${missed} missed`);
    return missed === 0 ? 0 : 1;
  } finally {
    for (const worker of workers) worker.disconnect();
  }
}

if (process.send === undefined) process.exitCode = await main();
else work();
