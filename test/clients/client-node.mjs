// Tries an API server with @kubernetes/client-node: `node client-node.mjs KUBECONFIG POD`. The pod has containers `c`, which
// writes `line N`, serves `served` at port 8080 and ends never, and `talker`, which answers `heard LINE` to each line that it
// reads. Prints `passed NAME` or `failed NAME: WHY` for each check. Between `restart now` and a line on its standard input
// the server may be restarted.
import { once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import {
  Attach,
  CoreV1Api,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  makeInformer,
  PatchStrategy,
  PortForward,
  setHeaderOptions,
  VersionApi,
  Watch,
} from '@kubernetes/client-node';

const [, , kubeconfig, POD] = process.argv;
const NAMESPACE = 'default';
const WAIT_MS = 30_000;

const config = new KubeConfig();
config.loadFromFile(kubeconfig);
const core = config.makeApiClient(CoreV1Api);

const until = async (what, probe) => {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`gave up waiting for ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
};
const same = (what, got, expected) => {
  const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what} is ${a}, not ${b}`);
};
/** A stream that keeps what is written to it. */
const collector = () => {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return { stream, text: () => text };
};
const map = (name, data, more = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ...more }, data });
const create = (name, data, more) => core.createNamespacedConfigMap({ namespace: NAMESPACE, body: map(name, data, more) });

const checks = {
  async 'version and discovery by objects'() {
    const { gitVersion } = await config.makeApiClient(VersionApi).getCode();
    if (!gitVersion.startsWith('v1.36.')) throw new Error(gitVersion);
    const objects = KubernetesObjectApi.makeApiClient(config);
    const made = await objects.create(map('by-object', { a: '1' }, { namespace: NAMESPACE }));
    same('its data', (await objects.read(made)).data, { a: '1' });
    await objects.delete(made);
  },

  async 'list, in pages and by label'() {
    await Promise.all([0, 1, 2, 3, 4].map((i) => create(`paged-${i}`, { i: String(i) }, { labels: { set: 'paged' } })));
    const names = [];
    let _continue;
    do {
      const page = await core.listNamespacedConfigMap({ namespace: NAMESPACE, labelSelector: 'set=paged', limit: 2, _continue });
      if (page.items.length > 2) throw new Error('the page is too long');
      names.push(...page.items.map(({ metadata }) => metadata.name));
      ({ _continue } = page.metadata);
    } while (_continue);
    same(
      'the list',
      names,
      [0, 1, 2, 3, 4].map((i) => `paged-${i}`),
    );
  },

  async 'an error is a Status'() {
    const error = await core.readNamespacedConfigMap({ namespace: NAMESPACE, name: 'nope' }).catch((thrown) => thrown);
    same('the code', error.code, 404);
    same('the reason', JSON.parse(error.body).reason, 'NotFound');
  },

  async watch() {
    const { metadata } = await core.listNamespacedConfigMap({ namespace: NAMESPACE });
    const seen = [];
    let ended;
    const watching = await new Watch(config).watch(
      `/api/v1/namespaces/${NAMESPACE}/configmaps`,
      { resourceVersion: metadata.resourceVersion, allowWatchBookmarks: true, labelSelector: 'set=watched' },
      (phase, object) => seen.push(`${phase} ${object.metadata.name ?? ''}`),
      (error) => (ended = { error }),
    );
    await create('watched', {}, { labels: { set: 'watched' } });
    await core.replaceNamespacedConfigMap({
      namespace: NAMESPACE,
      name: 'watched',
      body: map('watched', { a: 'b' }, { labels: { set: 'watched' } }),
    });
    await core.deleteNamespacedConfigMap({ namespace: NAMESPACE, name: 'watched' });
    await until('three events', () => seen.filter((event) => !event.startsWith('BOOKMARK')).length >= 3);
    watching.abort();
    await until('its end', () => ended);
    same(
      'the events',
      seen.filter((event) => !event.startsWith('BOOKMARK')),
      ['ADDED watched', 'MODIFIED watched', 'DELETED watched'],
    );
  },

  async 'patches of all four types'() {
    await create('patched', { kept: '1', gone: '1' });
    const patch = async (strategy, body, more = {}) => {
      const { data } = await core.patchNamespacedConfigMap(
        { namespace: NAMESPACE, name: 'patched', body, ...more },
        setHeaderOptions('Content-Type', strategy),
      );
      return data;
    };
    same('json', await patch(PatchStrategy.JsonPatch, [{ op: 'add', path: '/data/json', value: 'j' }]), {
      gone: '1',
      json: 'j',
      kept: '1',
    });
    same('merge', await patch(PatchStrategy.MergePatch, { data: { gone: null, merge: 'm' } }), { json: 'j', kept: '1', merge: 'm' });
    same('strategic', await patch(PatchStrategy.StrategicMergePatch, { data: { $patch: 'replace', kept: '2' } }), { kept: '2' });
    const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'patched' }, data: { applied: 'a' } };
    same('apply', await patch(PatchStrategy.ServerSideApply, applied, { fieldManager: 'tester' }), { applied: 'a', kept: '2' });
    const conflict = await patch(PatchStrategy.ServerSideApply, applied, { fieldManager: 'other', force: false })
      .then(() => patch(PatchStrategy.ServerSideApply, { ...applied, data: { applied: 'b' } }, { fieldManager: 'other' }))
      .catch((error) => error);
    same('a conflict', conflict.code, 409);
  },

  async 'an informer goes on after a restart of the server'() {
    const path = `/api/v1/namespaces/${NAMESPACE}/configmaps`;
    const informer = makeInformer(
      config,
      path,
      () => core.listNamespacedConfigMap({ namespace: NAMESPACE, labelSelector: 'set=informed' }),
      'set=informed',
    );
    const events = [];
    let restarts = 0;
    for (const verb of ['add', 'update', 'delete']) informer.on(verb, ({ metadata }) => events.push(`${verb} ${metadata.name}`));
    informer.on('error', () => {
      restarts += 1;
      setTimeout(() => void informer.start().catch(() => undefined), 200);
    });
    await informer.start();
    await create('first', {}, { labels: { set: 'informed' } });
    await until('the first', () => events.includes('add first'));
    process.stdout.write('restart now\n');
    await once(process.stdin, 'data');
    await create('second', {}, { labels: { set: 'informed' } });
    await core.deleteNamespacedConfigMap({ namespace: NAMESPACE, name: 'first' });
    await until('the second', () => events.includes('add second') && events.includes('delete first')).catch((error) => {
      throw new Error(`${error.message}; seen: ${events.join(', ')}; ${restarts} errors`);
    });
    same(
      'the cache',
      informer.list().map(({ metadata }) => metadata.name),
      ['second'],
    );
    same(
      'additions',
      events.filter((event) => event.startsWith('add')),
      ['add first', 'add second'],
    );
    await informer.stop();
  },

  async 'exec with both outputs and a status'() {
    const [out, err] = [collector(), collector()];
    const status = await new Promise((resolve, reject) => {
      new Exec(config)
        .exec(NAMESPACE, POD, 'c', ['sh', '-c', 'echo out; echo err >&2; exit 7'], out.stream, err.stream, null, false, resolve)
        .catch(reject);
    });
    same('stdout', out.text(), 'out\n');
    same('stderr', err.text(), 'err\n');
    same('the exit code', status.details.causes, [{ reason: 'ExitCode', message: '7' }]);
  },

  async 'exec with standard input'() {
    const out = collector();
    // The protocol that this library speaks cannot end the input alone: the command ends by itself.
    const input = 'x'.repeat(200_000);
    const status = await new Promise((resolve, reject) => {
      new Exec(config)
        .exec(
          NAMESPACE,
          POD,
          'c',
          ['head', '-c', String(input.length)],
          out.stream,
          null,
          Readable.from([Buffer.from(input)]),
          false,
          resolve,
        )
        .catch(reject);
    });
    same('the status', status.status, 'Success');
    same('what came back', out.text().length, input.length);
  },

  async 'exec on a terminal with a size'() {
    const out = collector();
    out.stream.rows = 33;
    out.stream.columns = 99;
    const stdin = new PassThrough();
    const ended = new Promise((resolve, reject) => {
      new Exec(config).exec(NAMESPACE, POD, 'c', ['sh'], out.stream, null, stdin, true, resolve).catch(reject);
    });
    stdin.write('test -t 0 && echo "is $((6 * 7))"; stty size\n');
    await until('the size', () => /is 42[^]*33 99/.test(out.text())).catch((error) => {
      throw new Error(`${error.message}: ${out.text()}`);
    });
    stdin.write('exit\n');
    same('the status', (await ended).status, 'Success');
  },

  async 'logs, whole and followed'() {
    const whole = collector();
    await new Log(config).log(NAMESPACE, POD, 'c', whole.stream, { limitBytes: 1_000 });
    await until('the log', () => whole.text().startsWith('line 0\nline 1\n'));
    const followed = collector();
    const stop = await new Log(config).log(NAMESPACE, POD, 'c', followed.stream, { follow: true, tailLines: 1 });
    await until('several lines', () => followed.text().split('\n').length > 4);
    stop.abort();
  },

  async attach() {
    const out = collector();
    const stdin = new PassThrough();
    const socket = await new Attach(config).attach(NAMESPACE, POD, 'talker', out.stream, null, stdin, false);
    stdin.write('hello\n');
    await until('an answer', () => out.text().includes('heard hello\n'));
    socket.close();
  },

  async 'port-forward'() {
    const out = collector();
    const input = new PassThrough();
    const forward = await new PortForward(config).portForward(NAMESPACE, POD, [8080], out.stream, null, input);
    input.write('GET /page HTTP/1.0\r\n\r\n');
    await until('the page', () => out.text().endsWith('served\n'));
    (typeof forward === 'function' ? forward() : forward)?.close();
  },
};

for (const [name, run] of Object.entries(checks)) {
  const from = performance.now();
  try {
    await run();
    process.stdout.write(`passed ${name} (${Math.round(performance.now() - from)} ms)\n`);
  } catch (error) {
    process.stdout.write(`failed ${name}: ${error?.stack ?? JSON.stringify(error)}\n`);
  }
}
process.exit(0);
