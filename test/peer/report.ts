/** One line for each check, and whether all went well. */
import { errorText } from '../../src/util/log.ts';

export interface Report {
  readonly check: (name: string, run: () => Promise<void>) => Promise<void>;
  readonly failed: () => number;
  readonly passed: () => number;
}

/** Runs checks one after the other; a failure is told and the next one runs. */
export function createReport(group: string, write: (text: string) => void = (text) => process.stdout.write(text)): Report {
  let passed = 0;
  let failed = 0;
  return {
    check: async (name, run) => {
      const from = performance.now();
      try {
        await run();
        passed += 1;
        write(`passed  ${group}: ${name} (${Math.round(performance.now() - from)} ms)\n`);
      } catch (error) {
        failed += 1;
        write(`FAILED  ${group}: ${name}\n        ${errorText(error).replaceAll('\n', '\n        ')}\n`);
      }
    },
    failed: () => failed,
    passed: () => passed,
  };
}

/** Throws unless the text holds what is expected. */
export function expectText(text: string, expected: RegExp | string, what = 'text'): void {
  const holds = typeof expected === 'string' ? text.includes(expected) : expected.test(text);
  if (!holds) throw new Error(`${what} lacks ${String(expected)}: ${text.slice(-2_000)}`);
}
