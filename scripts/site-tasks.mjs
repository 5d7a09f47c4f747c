// How long the tasks of a page's main thread take, by the processor's time: what other programs of the machine take is not in it.

/** Chromium's categories that tell of tasks, with the time of their thread. */
const CATEGORIES = ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'];
const NAMES = ['ThreadControllerImpl::RunTask', 'RunTask'];

/** Milliseconds of each task in the events of a trace, of that process whose main thread did most. */
export function tasksIn(events) {
  const mains = events.filter(({ ph, name, args }) => ph === 'M' && name === 'thread_name' && isMain(args.name));
  const all = mains.map((main) =>
    events.filter(({ ph, pid, tid, tdur }) => ph === 'X' && pid === main.pid && tid === main.tid && tdur !== undefined),
  );
  const found = all.map((own) => {
    // One name is within the other: that of which there are any
    const name = NAMES.find((each) => own.some((event) => event.name === each));
    return own.filter((event) => event.name === name).map(({ tdur }) => tdur / 1000);
  });
  const total = (times) => times.reduce((sum, each) => sum + each, 0);
  return found.reduce((most, times) => (total(times) > total(most) ? times : most), []);
}

const isMain = (name) => name === 'CrRendererMain';

/** Milliseconds of each task of a page while `act` is done. */
export async function tasksOf(browser, page, act) {
  await browser.startTracing(page, { categories: CATEGORIES });
  let trace;
  try {
    await act();
  } finally {
    trace = await browser.stopTracing();
  }
  return tasksIn(JSON.parse(trace.toString()).traceEvents);
}
