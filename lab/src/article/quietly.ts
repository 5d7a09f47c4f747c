/** Runs `body` without warnings on the console, where a claim means to provoke them. */
export function quietly<T>(body: () => T): T {
  const { warn } = console;
  console.warn = () => {};
  try {
    return body();
  } finally {
    console.warn = warn;
  }
}
