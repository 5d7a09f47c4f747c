/** See scripts/plants.mjs. */
export const plants = [
  {
    name: 'a stale tensor shows the numbers of the next step',
    file: 'src/memory/arena.ts',
    find: 'if (storage.owner.generation !== generation) {',
    replace: 'if (storage.owner.generation < 0) {',
    mustFail: ['tests/memory/arena.test.ts'],
  },
  {
    name: 'a repeated step does not do what the host did',
    file: 'src/memory/recorder.ts',
    find: 'recorder?.add(body);',
    replace: '',
    mustFail: ['tests/nn/replay.test.ts'],
  },
  {
    name: 'outputs of a repeated step stay readable in the next',
    file: 'src/memory/recording.ts',
    find: 'this.arena.expire();',
    replace: '',
    mustFail: ['tests/nn/replay.test.ts'],
  },
  {
    name: 'weights do not return from the heap',
    file: 'src/memory/residence.ts',
    find: 'copy(storage.array, original);',
    replace: '',
    mustFail: ['tests/nn/replay.test.ts'],
  },
  {
    name: 'a heap that grows leaves tensors of the step detached',
    file: 'src/memory/arena.ts',
    find: 'heap?.onGrow.add(this.renew);',
    replace: '',
    mustFail: ['tests/memory/heap.test.ts'],
  },
  {
    name: 'a recording takes as many calls as there are',
    file: 'src/memory/recorder.ts',
    find: 'this.entries.push(entry) <= MOST_ENTRIES',
    replace: 'this.entries.push(entry) > 0',
    mustFail: ['tests/nn/replay-limits.test.ts'],
  },
  {
    name: 'all that a kernel call comes down to is joined, however much',
    file: 'kernels/calls.ts',
    find: 'calls.length <= MOST_LINKED',
    replace: 'calls.length > 0',
    mustFail: ['tests/nn/replay-limits.test.ts'],
  },
];
