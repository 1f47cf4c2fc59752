import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Native packages (lmdb, node-pty) are not at home in worker threads.
    pool: 'forks',
    maxWorkers: 2,
    isolate: false,
    // A deadline, for a machine that is busy with other tests; nobody waits for it where all is well.
    expect: { poll: { timeout: 20_000 } },
    reporters: ['default', './test/support/reporter.ts'],
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['src/**/*.test.ts', 'test/*.test.ts', 'test/soak/*.test.ts'], testTimeout: 30_000, hookTimeout: 60_000 },
      },
      {
        extends: true,
        // Real processes: the command is bundled first.
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: './test/support/build.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
