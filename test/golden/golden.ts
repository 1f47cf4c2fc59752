/**
 * `npm run golden`: starts nodelet, sends it the recorded requests of the real Kubernetes and prints how many answers
 * are the same. The recordings and the programs that send and compare lie beside this repository (or in GOLDEN_DIR).
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createCertificateAuthority, issueCertificate } from '../../src/auth/x509/x509.ts';
import { writeBusyboxImage } from '../support/busybox-image.ts';

// The programs there know whether they were started by their real path.
const golden = realFolder(resolve(process.env['GOLDEN_DIR'] ?? '../shared/golden'));
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const show = process.argv.find((argument) => argument.startsWith('--show='))?.slice(7) ?? '0';
const NODE = 'nodelet-node';
/** `--offset=N` moves every port and range, so that several runs fit on one machine; the few recorded answers that name a port then differ. */
const offset = Number(process.argv.find((argument) => argument.startsWith('--offset='))?.slice(9) ?? 0);
/** `--runtime-endpoint=unix:///PATH` runs the pods on the container runtime there; it must have the recorded images. */
const endpoint = process.argv.find((argument) => argument.startsWith('--runtime-endpoint='))?.slice('--runtime-endpoint='.length);
const runtimeFlags =
  endpoint === undefined
    ? ['--runtime=process']
    : ['--runtime=cri', `--container-runtime-endpoint=${endpoint}`, `--cgroup-root=/nodelet-golden-${offset}`];
/** Where the program was bundled to. */
const dist = process.env['DIST'] ?? 'dist';
const port = { api: 6443 + offset, secure: 10250 + offset, readonly: 10255 + offset, healthz: 10248 + offset };
const moved =
  offset === 0
    ? []
    : [
        `--secure-port=${port.api}`,
        `--port=${port.secure}`,
        `--read-only-port=${port.readonly}`,
        `--healthz-port=${port.healthz}`,
        `--service-cluster-ip-range=10.110.${offset % 250}.0/24`,
        `--pod-cidr=10.111.${offset % 250}.0/24`,
      ];

function realFolder(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

if (!existsSync(golden)) {
  process.stderr.write(`golden: no recordings at ${golden}; set GOLDEN_DIR\n`);
  process.exit(2);
}
const kubectl = process.env['KUBECTL'] ?? 'kubectl';
const work = mkdtempSync(join(tmpdir(), 'nodelet-golden-'));
const data = join(work, 'data');
const env = { ...process.env, KUBECONFIG: join(data, 'kubeconfig'), KUBECACHEDIR: join(work, 'cache') };

/** Runs a program to its end; its output goes to `file` when one is named. */
function run(
  command: string,
  args: readonly string[],
  more: { file?: string; env?: NodeJS.ProcessEnv; tolerant?: boolean; input?: string } = {},
): string {
  const out = more.file === undefined ? 'pipe' : openSync(more.file, 'w');
  const result = spawnSync(command, args, {
    env: { ...env, ...more.env },
    cwd: work,
    stdio: [more.input === undefined ? 'ignore' : 'pipe', out, 'pipe'],
    ...(more.input !== undefined && { input: more.input }),
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0 && more.tolerant !== true)
    throw new Error(`${command} ${args.join(' ')}: ${String(result.stderr)}${more.file === undefined ? String(result.stdout) : ''}`);
  return more.file === undefined ? String(result.stdout) : '';
}

async function until(what: string, probe: () => boolean, deadlineMs = 60_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!probe()) {
    if (Date.now() > end) throw new Error(`gave up waiting for ${what}; the log is ${join(work, 'nodelet.log')}`);
    await new Promise((ok) => {
      setTimeout(ok, 200);
    });
  }
}

async function start(config: string): Promise<ChildProcess> {
  const log = openSync(join(work, 'nodelet.log'), 'a');
  const child = spawn(
    process.execPath,
    [
      resolve(dist, 'nodelet.js'),
      'up',
      `--data-dir=${data}`,
      `--config=${config}`,
      `--hostname-override=${NODE}`,
      // As the recorded one was started; its file leaves both out.
      '--v=2',
      `--pod-manifest-path=${join(work, 'manifests')}`,
      ...runtimeFlags,
      ...moved,
    ],
    {
      stdio: ['ignore', log, log],
    },
  );
  await until('the API server', () => spawnSync(kubectl, ['get', 'node', NODE], { env }).status === 0);
  await until('the kubelet', () => spawnSync('curl', ['-sk', `https://127.0.0.1:${port.secure}/`]).status === 0);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  const gone = new Promise((ok) => {
    child.once('exit', ok);
  });
  child.kill('SIGTERM');
  await gone;
}

/** Certificates and tokens under the names that the recorded requests use. */
function credentials(): string {
  const now = Date.now();
  const issue = (ca: { cert: string; key: string }, commonName: string, organizations: string[] = []): { cert: string; key: string } => {
    const made = issueCertificate({
      ca,
      subject: { commonName, organizations },
      usages: ['clientAuth'],
      notBefore: now - 60_000,
      notAfter: now + 86_400_000,
    });
    const at = (kind: string): string => join(work, `${commonName}-${organizations.join('-')}-${ca === ours ? 'ours' : 'foreign'}.${kind}`);
    writeFileSync(at('crt'), made.cert);
    writeFileSync(at('key'), made.key);
    return { cert: at('crt'), key: at('key') };
  };
  const ours = { cert: readFileSync(join(data, 'pki/ca.crt'), 'utf8'), key: readFileSync(join(data, 'pki/ca.key'), 'utf8') };
  const foreign = createCertificateAuthority({ commonName: 'foreign', now });
  const accounts = run(kubectl, ['-n', 'web', 'get', 'serviceaccounts', '-o', 'jsonpath={.items[*].metadata.name}']).split(' ');
  const all = {
    admin: issue(ours, 'kubernetes-admin', ['system:masters']),
    nobody: issue(ours, 'nobody'),
    foreign: issue(foreign, 'evil', ['system:masters']),
    none: {},
    badtoken: { token: 'not-a-token' },
    ...Object.fromEntries(accounts.map((name) => [name, { token: run(kubectl, ['-n', 'web', 'create', 'token', name]).trim() }])),
  };
  const file = join(work, 'creds.json');
  writeFileSync(file, JSON.stringify(all));
  return file;
}

function compare(recording: string): void {
  const onRuntime = resolve(`test/golden/allow/${recording}-containerd.json`);
  const allow = endpoint !== undefined && existsSync(onRuntime) ? onRuntime : resolve(`test/golden/allow/${recording}.json`);
  const program = recording === 'pods' ? 'pods-compare.mjs' : 'compare.mjs';
  const out = spawnSync(
    process.execPath,
    [
      join(golden, program),
      join(golden, `${recording}.jsonl`),
      join(work, `${recording}.jsonl`),
      `--show=${show}`,
      ...(existsSync(allow) ? [`--allow=${allow}`] : []),
    ],
    { maxBuffer: 1 << 28 },
  );
  process.stdout.write(`\n== ${recording}\n${String(out.stdout)}${String(out.stderr)}`);
}

/** streams.jsonl has no compare program of its own: the lines are compared as values. */
function compareStreams(): void {
  const read = (file: string): Map<string, string> =>
    new Map(
      readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => {
          const value = JSON.parse(line) as { id: string };
          return [value.id, JSON.stringify(value)];
        }),
    );
  const real = read(join(golden, 'streams.jsonl'));
  const mine = read(join(work, 'streams.jsonl'));
  const allow = resolve('test/golden/allow/streams.json');
  const reasons = existsSync(allow) ? (JSON.parse(readFileSync(allow, 'utf8')) as Record<string, string>) : {};
  const differs = [...real].filter(([id, line]) => mine.get(id) !== line);
  const different = differs.filter(([id]) => !Object.hasOwn(reasons, id));
  const allowed = differs.length - different.length;
  process.stdout.write(`\n== streams\n`);
  for (const [id, line] of different.slice(0, Number(show)))
    process.stdout.write(`${id}\n  ${line.slice(0, 700)}\n  ${(mine.get(id) ?? 'not run').slice(0, 700)}\n`);
  process.stdout.write(`all ${real.size - differs.length}/${real.size} same${allowed > 0 ? `, ${allowed} allowed` : ''}\n`);
}

const wants = (name: string): boolean => wanted.length === 0 || wanted.includes(name);

async function main(): Promise<void> {
  mkdirSync(data, { recursive: true });
  mkdirSync(join(work, 'manifests'));
  if (endpoint === undefined) {
    const image = join(work, 'busybox.tar');
    writeBusyboxImage(image);
    run(process.execPath, [resolve(dist, 'nodelet.js'), 'image', 'load', image, `--data-dir=${data}`]);
  }
  const config = join(golden, 'kubelet.yaml');
  let node = await start(config);
  try {
    // A pod that stands before its ServiceAccount's namespace is ready is refused once, as on any cluster.
    await until('setup.yaml', () => spawnSync(kubectl, ['apply', '-f', join(golden, 'setup.yaml')], { env }).status === 0);
    run(kubectl, ['-n', 'web', 'wait', '--for=condition=Ready', 'pod/logger', 'pod/dead', '--timeout=60s']);
    const creds = credentials();
    const uid = run(kubectl, ['-n', 'web', 'get', 'pod', 'logger', '-o', 'jsonpath={.metadata.uid}']);
    const vars = JSON.stringify({ ns: 'web', pod: 'logger', container: 'main', uid, node: NODE, dead: 'dead' });
    const ask = (recording: string, base: string, steps: string): void => {
      run(
        process.execPath,
        [join(golden, 'run.mjs'), `--base=${base}`, `--steps=${join(golden, steps)}`, `--creds=${creds}`, `--vars=${vars}`],
        {
          file: join(work, `${recording}.jsonl`),
        },
      );
      compare(recording);
    };
    if (wants('kubelet-secure')) ask('kubelet-secure', `https://127.0.0.1:${port.secure}`, 'kubelet-steps.mjs');
    if (wants('kubelet-readonly')) ask('kubelet-readonly', `http://127.0.0.1:${port.readonly}`, 'kubelet-steps.mjs');
    if (wants('kubelet-healthz')) ask('kubelet-healthz', `http://127.0.0.1:${port.healthz}`, 'kubelet-steps.mjs');
    if (wants('streams')) {
      const { cert, key } = (JSON.parse(readFileSync(creds, 'utf8')) as { admin: { cert: string; key: string } }).admin;
      run(
        process.execPath,
        [
          join(golden, 'streams-run.mjs'),
          `--base=https://127.0.0.1:${port.secure}`,
          `--api=https://127.0.0.1:${port.api}`,
          `--cert=${cert}`,
          `--key=${key}`,
        ],
        {
          file: join(work, 'streams.jsonl'),
          env: { WS_FROM: resolve('package.json') },
        },
      );
      compareStreams();
    }
    if (wants('apiserver')) ask('apiserver', `https://127.0.0.1:${port.api}`, 'apiserver-steps.mjs');
    if (wants('kubectl')) {
      run('bash', [join(golden, 'kubectl-run.sh')], { file: join(work, 'kubectl.jsonl'), env: { KUBECTL: kubectl, NODE } });
      compare('kubectl');
    }
    if (wants('pods')) {
      const { cert, key } = (JSON.parse(readFileSync(creds, 'utf8')) as { admin: { cert: string; key: string } }).admin;
      run(
        process.execPath,
        [join(golden, 'pods-run.mjs'), `--base=https://127.0.0.1:${port.api}`, `--cert=${cert}`, `--key=${key}`, `--node=${NODE}`],
        {
          file: join(work, 'pods.jsonl'),
        },
      );
      compare('pods');
    }
    if (wants('kubelet-noanon')) {
      await stop(node);
      const closed = join(work, 'noanon.yaml');
      writeFileSync(closed, readFileSync(config, 'utf8').replace('anonymous: {enabled: true}', 'anonymous: {enabled: false}'));
      node = await start(closed);
      ask('kubelet-noanon', `https://127.0.0.1:${port.secure}`, 'kubelet-steps.mjs');
    }
    run(kubectl, ['delete', 'namespace', 'web', 'golden', 'kc', 'life', '--ignore-not-found', '--timeout=60s'], { tolerant: true });
  } finally {
    await stop(node);
    run(process.execPath, [resolve(dist, 'nodelet.js'), 'down', `--data-dir=${data}`, '--purge'], { tolerant: true });
    if (process.argv.includes('--keep')) process.stdout.write(`\nkept: ${work}\n`);
    else rmSync(work, { recursive: true, force: true });
  }
}

await main();
