/** What a test needs from the machine. Without it the test is skipped; with CI=true it fails instead, so that nothing is passed over in silence. */
import { spawnSync } from 'node:child_process';
import { test } from 'vitest';

export function hasCommand(name: string): boolean {
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name]).status === 0;
}

export const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

/** `describe`-free form: `needs(['kubectl'], 'root')` is a reason to skip, or undefined. */
export function missing(commands: readonly string[], root = false): string | undefined {
  const absent = commands.filter((command) => !hasCommand(command));
  if (absent.length > 0) return `needs ${absent.join(', ')}`;
  if (root && !isRoot) return 'needs root on Linux';
  return undefined;
}

/** A test that runs when nothing is missing, is skipped when something is, and fails for it in CI. */
export function testThatNeeds(reason: string | undefined): typeof test {
  if (reason === undefined) return test;
  if (process.env['CI'] !== 'true') return test.skip as typeof test;
  return ((name: string) =>
    test(name, () => {
      throw new Error(`cannot run in CI: ${reason}`);
    })) as unknown as typeof test;
}
