import fc from 'fast-check';

/** The same samples in every run, so that a failure is the change's own; FC_SEED=<integer> explores others. */
fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 20_240_229) });
