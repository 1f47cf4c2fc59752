import { expect, it } from 'vitest';
import { execError } from './start-errors.ts';

it('tells what to do when a container lacks a helper that this version asks for', () => {
  const text = '/.nodelet/t/setsid: cannot open shared object file: No such file or directory';
  expect(execError({ mark: 'none', text }, 'date', 'f').message).toContain(
    `${text} (the container was started by another version of nodelet: restart its pod)`,
  );
});

it('leaves other reasons as they are', () => {
  expect(execError({ mark: 'none', text: 'nsenter: failed' }, 'date', 'f').message).toMatch(/process: nsenter: failed: unknown$/);
  expect(execError({ mark: 'denied', text: '' }, '/tmp', 'f').message).toMatch(/exec: "\/tmp": permission denied: unknown$/);
});
