/** Planted faults of how the packages are built. */
export const plants = [
  {
    name: 'a build does not look at what it has made',
    file: 'scripts/build.mjs',
    find: 'return of === sources && made === digest(output, filesIn(output));',
    replace: 'return of === sources && made.length > 0;',
    mustFail: ['tests/scripts/build.test.ts'],
  },
  {
    name: 'a build keeps what a removed source has left',
    file: 'scripts/build.mjs',
    find: 'if (!files.includes(path)) rmSync(',
    replace: 'if (files.length === 0) rmSync(',
    mustFail: ['tests/scripts/build.test.ts'],
  },
  {
    name: 'a build with faults is taken for done',
    file: 'scripts/build.mjs',
    find: 'if (status !== 0) throw new BuildError(`the compiler',
    replace: 'if (status === null) throw new BuildError(`the compiler',
    mustFail: ['tests/scripts/build.test.ts'],
  },
];
