/** Bundles the command before the tests that start it, in a place of this run's own: what runs out of dist/ stays whole. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { resolve } from 'node:path';

export default function setup(): () => void {
  const directory = resolve(`node_modules/.cache/nodelet/test-${process.pid}`);
  execFileSync(process.execPath, ['scripts/build.mjs', directory], { stdio: 'inherit' });
  process.env['NODELET_TEST_PROGRAM'] = `${directory}/nodelet.js`;
  return () => rmSync(directory, { recursive: true, force: true });
}
