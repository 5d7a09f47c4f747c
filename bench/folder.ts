const here = new URL('.', import.meta.url);

/** The folder `bench`, both from its sources and from `bench/dist`. */
export const BENCH = here.pathname.endsWith('/dist/') ? new URL('..', here) : here;
