import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { array, asyncProperty, assert, string } from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemHost } from '../../util/host.ts';
import { openLauncher, type Launcher } from './launcher.ts';
import { hostScripts } from './scripts.ts';

let dir = '';
let launcher: Launcher;
let files = 0;
const fresh = (): string => join(dir, `said-${(files += 1)}`);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'nodelet-launcher-'));
  writeFileSync(join(dir, 'launcher.sh'), hostScripts['launcher.sh'] ?? '');
  launcher = openLauncher(dir);
});
afterAll(async () => {
  await launcher.close();
  rmSync(dir, { recursive: true });
});

it('hands words on as they are, whatever a shell would make of them', async () => {
  const word = string({ unit: 'binary', maxLength: 40 }).map((text) => Buffer.from(text.replaceAll('\0', '')).toString());
  await assert(
    asyncProperty(array(word, { maxLength: 6 }), async (words) => {
      const said = fresh();
      expect(await launcher.run(said, ['printf', '%s\\n', ...words, 'end'])).toBe(0);
      expect(readFileSync(said, 'utf8')).toBe([...words, 'end', ''].join('\n'));
    }),
    { numRuns: 40, examples: [[['$(id)', '\'"`\\', ' \n\n x\\', '\n', '', '*', '\\n', 'é\u0301ÿ']]] },
  );
});

it('tells the exit code, and keeps what was said on either stream', async () => {
  const said = fresh();
  expect(await launcher.run(said, ['sh', '-c', 'echo out; echo err >&2; exit 7'])).toBe(7);
  expect(readFileSync(said, 'utf8')).toBe('out\nerr\n');
  expect(await launcher.run('/dev/null', ['/no/such/program'])).toBe(127);
  expect(await launcher.run(join(dir, 'no', 'such', 'directory'), ['true'])).toBe(0);
  await expect(launcher.run('/dev/null', ['echo', 'a\0b'])).rejects.toThrow('NUL');
});

it('puts a command on pipes, and tells its process and exit code', async () => {
  const directory = mkdtempSync(join(dir, 'pipes-'));
  const { pid, exited } = await launcher.pipe(directory, ['sh', '-c', 'read line; echo "$line $$"; echo err >&2; echo said >&3; exit 5']);
  const outputs = [1, 2, 3].map((index) => readFile(join(directory, String(index)), 'utf8'));
  writeFileSync(join(directory, '0'), 'hello\n');
  expect(await Promise.all(outputs)).toEqual([`hello ${pid}\n`, 'err\n', 'said\n']);
  expect(await exited).toBe(5);
  await expect(launcher.pipe(join(dir, 'nowhere'), ['true'])).rejects.toThrow('no pipes could be made');
});

it('runs many side by side, each in its own time', async () => {
  const order: number[] = [];
  await Promise.all([3, 1, 2].map(async (n) => order.push(await launcher.run('/dev/null', ['sh', '-c', `sleep 0.${n * 2}; exit ${n}`]))));
  expect(order).toEqual([1, 2, 3]);
});

it('starts what outlives it, and hears when that says so', async () => {
  const own = openLauncher(dir);
  const said = fresh();
  await own.detach(said, ['sh', '-c', 'echo $$ >&3; echo "$NODELET_JOB" >&7; exec sleep 1000']);
  await own.close();
  const pid = Number(readFileSync(said, 'utf8'));
  const [, , , , , session] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ');
  expect(session).not.toBe(readFileSync('/proc/self/stat', 'utf8').split(' ')[5]);
  process.kill(pid, 'SIGKILL');
});

it('is started again when somebody ended it', async () => {
  const own = openLauncher(dir);
  const killing = own.run('/dev/null', ['sh', '-c', 'read -r pid name state parent rest </proc/$PPID/stat; kill -9 "$parent"; sleep 1']);
  await expect(killing).rejects.toThrow('the launcher of the process runtime has ended');
  expect(await own.run('/dev/null', ['true'])).toBe(0);
  await own.close();
});

it('keeps a program that has nothing else to do until its jobs are done, and no longer', async () => {
  const script = join(dir, 'program.ts');
  writeFileSync(
    script,
    `import { openLauncher } from ${JSON.stringify(join(import.meta.dirname, 'launcher.ts'))};
     const launcher = openLauncher(${JSON.stringify(dir)});
     launcher.open();
     console.log(await launcher.run('/dev/null', ['sh', '-c', 'sleep 0.1; exit 3']));`,
  );
  const bundle = join(dir, 'program.mjs');
  await build({ entryPoints: [script], outfile: bundle, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
  const { stdout, code } = await systemHost.processes.run(process.execPath, [bundle]);
  expect([stdout.toString(), code]).toEqual(['3\n', 0]);
});
