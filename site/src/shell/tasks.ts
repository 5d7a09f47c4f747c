/** What is called next; while it is not empty a task is on its way. */
const waiting: (() => void)[] = [];

function next(): void {
  const act = waiting[0];
  try {
    act?.();
  } finally {
    waiting.shift();
    if (waiting.length > 0) setTimeout(next, 0);
  }
}

/** Calls `act` soon and in a task of its own, so that no task keeps the page from answering; not once it is cancelled. */
export function soon(act: () => void): () => void {
  let isWanted = true;
  waiting.push(() => {
    if (isWanted) act();
  });
  if (waiting.length === 1) setTimeout(next, 0);
  return () => {
    isWanted = false;
  };
}
