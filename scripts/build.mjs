// Bundles the command and the library into dist/, or the directory that is named: start-up is counted from there.
import { build } from 'esbuild';
import { rmSync, chmodSync, existsSync } from 'node:fs';

const outdir = process.argv[2] ?? 'dist';
rmSync(outdir, { recursive: true, force: true });
const entries = { nodelet: 'src/cli/nodelet.ts' };
await build({
  entryPoints: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file))),
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // Native packages stay where they are; the others come along, so that start-up reads few files.
  external: ['lmdb', '@lydell/node-pty'],
  legalComments: 'linked',
  sourcemap: true,
  chunkNames: 'chunks/[name]-[hash]',
  // CommonJS inside the bundle asks for Node's own modules by require.
  banner: { js: "import { createRequire as nodeletRequire } from 'node:module'; const require = nodeletRequire(import.meta.url);" },
});
if (existsSync(`${outdir}/nodelet.js`)) chmodSync(`${outdir}/nodelet.js`, 0o755);
