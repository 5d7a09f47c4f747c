/** Faults in the search over recipes, its journal, its workers, and the means over seeds of its report. */
export const plants = [
  {
    name: 'search over recipes: of files with as many bytes none dominates another',
    file: 'src/pareto/fronts.ts',
    find: 'points[i]!.score < most || points[i]!.score <= best',
    replace: 'points[i]!.score <= best',
    mustFail: ['tests/pareto/fronts.test.ts'],
  },
  {
    name: 'search over recipes: the test samples say what is dominated',
    file: 'src/pareto/compress.ts',
    find: 'made.map(({ bytes, validation: { score } })',
    replace: 'made.map(({ bytes, test: { score } })',
    mustFail: ['tests/pareto/compress.test.ts'],
  },
  {
    name: 'search over recipes: the best may be beyond the limits',
    file: 'src/pareto/compress.ts',
    find: 'const good = points.filter(({ meets }) => meets);',
    replace: 'const good = [...points];',
    mustFail: ['tests/pareto/compress.test.ts'],
  },
  {
    name: 'search over recipes: somebody hears of a trial before it is in the journal',
    file: 'src/pareto/drive.ts',
    find: `      await journal?.append(entryOf(done.trial, done.outcome));
      finish(done.place, done, false);`,
    replace: `      finish(done.place, done, false);
      await journal?.append(entryOf(done.trial, done.outcome));`,
    mustFail: ['tests/pareto/compress.test.ts'],
  },
  {
    name: 'search over recipes: a journal goes on with other data',
    file: 'src/pareto/settings.ts',
    find: 'return { dtype, shape, sha256: sha256(new Uint8Array(buffer, byteOffset, byteLength)) };',
    replace: 'return { dtype, shape, bytes: new Uint8Array(buffer, byteOffset, byteLength).length };',
    mustFail: ['tests/pareto/journal.test.ts'],
  },
  {
    name: 'search over recipes: a journal goes on with another loss',
    file: 'src/pareto/wire.ts',
    find: 'return saveModel(model);',
    replace: 'return saveModel(model, { withoutCode: true });',
    mustFail: ['tests/pareto/compress.test.ts'],
  },
  {
    name: 'search over recipes: a damaged file of a journal is taken',
    file: 'src/pareto/journal.ts',
    find: 'bytes !== null && sha256(bytes) === digest',
    replace: 'bytes !== null && typeof digest === "string"',
    mustFail: ['tests/pareto/journal.test.ts'],
  },
  {
    name: 'search over recipes: a journal of another search is not told by its op',
    file: 'src/pareto/journal.ts',
    find: `throw new StateError(
      FORMAT,`,
    replace: `throw new StateError(
      'compress',`,
    mustFail: ['tests/pareto/journal.test.ts'],
  },
  {
    name: 'search over recipes: a worker that ends is not replaced',
    file: 'src/pareto/executors.ts',
    find: 'if (!this.wasReplaced) {',
    replace: 'if (this.wasReplaced) {',
    mustFail: ['tests/pareto/workers.test.ts'],
  },
  {
    name: 'search over recipes: a part of the epochs is all of them',
    file: 'src/pareto/baked.ts',
    find: 'Math.max(1, Math.round(all * this.effort))',
    replace: 'all',
    mustFail: ['tests/pareto/compress.test.ts'],
  },
  {
    name: 'search over recipes: a network from scratch begins with weights of the model',
    file: 'src/pareto/baked.ts',
    find: 'work.ready(drawnAnew(narrow, seed))',
    replace: 'work.ready(narrow)',
    mustFail: ['tests/pareto/compress.test.ts'],
  },
  {
    name: 'search over recipes: halving goes on with what made nothing',
    file: 'src/pareto/search.ts',
    find: 'if (told == null) return null;',
    replace: 'if (told == null) continue;',
    mustFail: ['tests/pareto/search.test.ts'],
  },
  {
    name: 'search over recipes: what is measured begins with the model',
    file: 'src/pareto/compression.ts',
    find: "measuredFiles([...points.map((point) => this.own('measured', point)), this.original])",
    replace: "measuredFiles([this.original, ...points.map((point) => this.own('measured', point))])",
    mustFail: ['tests/pareto/compress.test.ts'],
  },
  {
    name: 'search over recipes: a file that is slow to load is loaded as often as any',
    file: 'src/compress/latency.ts',
    find: 'if (round >= fewest && each.spent >= LONG) continue;',
    replace: '',
    mustFail: ['tests/compress/measure.test.ts'],
  },
  {
    name: 'search over recipes: means take rungs of halving together',
    file: 'lab/src/means-compress.ts',
    find: 'point.effort}',
    replace: 'point.effort * 0}',
    mustFail: ['tests/lab/compress-page.test.ts'],
  },
  {
    name: 'search over recipes: pictures do not tell what had a part of the epochs',
    file: 'lab/src/charts-compress.ts',
    find: "isEarly ? 'triangle' : ",
    replace: '',
    mustFail: ['tests/lab/compress-page.test.ts'],
  },
];
