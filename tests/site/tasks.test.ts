import { describe, expect, test } from 'vitest';
import { tasksIn } from '../../scripts/site-tasks.mjs';
import { soon } from '../../site/src/shell/tasks.ts';

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** Waits for tasks until something is so. */
async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !isSo(); i++) await turn();
  if (!isSo()) throw new Error('it did not come to pass in 1000 tasks');
}

describe('tasks of their own', () => {
  test('each is called in another task, in the order in which they were asked for', async () => {
    const called: string[] = [];
    // What is promised in a task is kept before the next
    const note = (name: string) => () => {
      called.push(name);
      void Promise.resolve().then(() => called.push(`after ${name}`));
    };
    for (const name of ['a', 'b', 'c']) soon(note(name));
    expect(called).toEqual([]);
    await until(() => called.length === 6);
    expect(called).toEqual(['a', 'after a', 'b', 'after b', 'c', 'after c']);
  });

  test('what is cancelled is not called, and what one asks for is called after those that wait', async () => {
    const called: string[] = [];
    soon(() => {
      called.push('first');
      soon(() => called.push('last'));
      cancel();
    });
    const cancel = soon(() => called.push('cancelled'));
    soon(() => called.push('second'));
    await until(() => called.includes('last'));
    expect(called).toEqual(['first', 'second', 'last']);
  });
});

describe('tasks in a trace', () => {
  const main = (pid: number) => ({
    ...{ ph: 'M', name: 'thread_name', pid, tid: 1 },
    args: { name: 'CrRendererMain' },
  });
  const task = (name: string, pid: number, tdur: number, tid = 1) => ({ ph: 'X', name, pid, tid, tdur, args: {} });

  test('are those of the busiest page, without other threads and without those within them', () => {
    const events = [
      ...[main(1), main(2), task('RunTask', 1, 900)],
      ...[task('ThreadControllerImpl::RunTask', 2, 2000), task('RunTask', 2, 1900), task('Layout', 2, 1000)],
      ...[task('ThreadControllerImpl::RunTask', 2, 5000), task('ThreadControllerImpl::RunTask', 2, 9000, 7)],
    ];
    expect(tasksIn(events)).toEqual([2, 5]);
    expect(tasksIn([])).toEqual([]);
  });
});
