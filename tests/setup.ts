import fc from 'fast-check';

/** A page has no process. */
const { process } = globalThis as { process?: { env: Readonly<Record<string, string | undefined>> } };

/** The same samples in every run, so that a failure is the change's own; FC_SEED=<integer> explores others in Node. */
fc.configureGlobal({
  seed: Number(process?.env.FC_SEED ?? 20_240_229),
  // Where a failure is all that is asked for, none is made smaller.
  endOnFailure: process?.env.FC_END_ON_FAILURE === '1',
});
