// Bundles one TypeScript file of this repository and runs it: `node scripts/run.mjs bench/pod-start.ts ARGS`.
import { build } from 'esbuild';
import { mkdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('usage: node scripts/run.mjs FILE.ts [ARGS]\n');
  process.exit(2);
}
const directory = resolve('node_modules/.cache/nodelet');
mkdirSync(directory, { recursive: true });
const outfile = resolve(directory, `${basename(file, '.ts')}.mjs`);
await build({
  entryPoints: [file],
  outfile,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
});
process.argv = [process.argv[0] ?? 'node', outfile, ...args];
await import(pathToFileURL(outfile).href);
