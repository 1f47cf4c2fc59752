/** What is wrong is said where its author looks: on kubectl's stderr, or in `kubectl describe`. */
import { expect } from 'vitest';
import { testThatNeeds } from '../support/need.ts';
import { podOf, valueOf } from '../support/pods.ts';
import { missingForNodes, sharedNode } from '../support/shared-node.ts';
import { until } from '../support/until.ts';

const test = testThatNeeds(missingForNodes());
const node = sharedNode();

const applying = async (manifest: unknown): Promise<string> => {
  const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
  const { code, stderr } = await node().kubectlWith(text, 'apply', '-f', '-');
  expect(code, stderr).toBe(1);
  return stderr;
};

/** Waits until `kubectl describe pod` says this. */
const described = (pod: string, text: RegExp): Promise<string> =>
  until(
    `describe to say ${text.source}`,
    async () => {
      const said = await node().ok('describe', 'pod', pod);
      return text.test(said) ? said : undefined;
    },
    30_000,
  ).catch(async (error: unknown) => {
    throw new Error(`${String(error)}: ${await node().ok('describe', 'pod', pod)}`);
  });

const waiting = (pod: string): Promise<string> => valueOf(node(), `pod/${pod}`, '.status.containerStatuses[0].state.waiting.reason');

test('a manifest that is no YAML', async () => {
  expect(await applying('not yaml: [')).toMatch(/error parsing STDIN: error converting YAML to JSON: yaml: line 1/);
});

test('a kind that there is not', async () => {
  expect(await applying({ apiVersion: 'v1', kind: 'Nope', metadata: { name: 'x' } })).toContain(
    'no matches for kind "Nope" in version "v1"',
  );
});

test('a field that there is not, and one of the wrong type, are named with their path', async () => {
  const pod = podOf('typo', 'true', { imagePullPolicie: 'Never' });
  expect(await applying(pod)).toMatch(/strict decoding error: unknown field "spec.containers\[0\].imagePullPolicie"/);
  expect(await applying(podOf('typo', 'true', { ports: [{ containerPort: 'eighty' }] }))).toMatch(/containerPort/);
  const created = await node().kubectlWith(JSON.stringify(pod), 'create', '--validate=warn', '-f', '-');
  expect(created.stdout).toBe('pod/typo created\n');
  expect(created.stderr).toContain('Warning: unknown field "spec.containers[0].imagePullPolicie"');
});

test('names and fields that are not allowed are listed, all of them', async () => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'Bad_Name' }, spec: { containers: [] } };
  const said = await applying(pod);
  expect(said).toContain('The Pod "Bad_Name" is invalid:');
  expect(said).toContain('* metadata.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain must consist of');
  expect(said).toContain('* spec.containers: Required value');
});

test('a body of 5 MB is refused with 413', async () => {
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'huge' }, data: { text: 'x'.repeat(5 * 1024 * 1024) } };
  const { code, stderr } = await node().kubectlWith(JSON.stringify(map), 'create', '-f', '-');
  expect(code).toBe(1);
  expect(stderr).toMatch(/RequestEntityTooLarge|Request entity too large|request body too large/i);
  expect(await node().ok('get', 'configmaps', '-o', 'name')).not.toContain('huge');
});

test('a volume path with `..` is refused', async () => {
  const volumes = (path: string): Record<string, unknown> => ({ volumes: [{ name: 'v', hostPath: { path } }] });
  const mount = { volumeMounts: [{ name: 'v', mountPath: '/v' }] };
  expect(await applying(podOf('up', 'true', mount, volumes('../../etc')))).toContain(
    'spec.volumes[0].hostPath.path: Invalid value: "../../etc": must not contain \'..\'',
  );
  const below = { volumeMounts: [{ name: 'v', mountPath: '/v', subPath: '../../etc' }] };
  expect(await applying(podOf('up', 'true', below, { volumes: [{ name: 'v', emptyDir: {} }] }))).toContain(
    'spec.containers[0].volumeMounts[0].subPath: Invalid value: "../../etc": must not contain \'..\'',
  );
});

test('a hostPath that is not there, of a type that it must have, is an event', async () => {
  const mount = { volumeMounts: [{ name: 'v', mountPath: '/v' }] };
  await node().apply(
    podOf('absent-path', 'true', mount, { volumes: [{ name: 'v', hostPath: { path: '/not/there', type: 'Directory' } }] }),
  );
  await described(
    'absent-path',
    /FailedMount .*MountVolume.SetUp failed for volume "v" : hostPath type check failed: \/not\/there is not a directory/,
  );
  expect(await valueOf(node(), 'pod/absent-path', '.status.phase')).toBe('Pending');
});

test('an image that is not there is ErrImagePull, then ImagePullBackOff, with the reason as event', async () => {
  await node().apply(podOf('other', 'true', { image: 'no-such-image:1' }));
  const columns = 'custom-columns=N:.metadata.name,R:.status.containerStatuses[0].state.waiting.reason';
  const watching = node().kubectlBeside('get', 'pods', '-w', '--no-headers', '-o', columns);
  await until('the watch', () => watching.stdout().includes('other'));
  await node().apply(podOf('no-image', 'true', { image: 'no-such-image:1' }));
  await until('both reasons, in this order', () => /no-image +ErrImagePull\n(.*\n)*no-image +ImagePullBackOff\n/.test(watching.stdout()));
  watching.kill('SIGTERM');
  await watching.ended;
  const said = await described('no-image', /BackOff .*Back-off pulling image "no-such-image:1"/);
  expect(said).toMatch(/Warning +Failed .*Failed to pull image "no-such-image:1": /);
  expect(said).toMatch(/Warning +Failed .*Error: ErrImagePull/);
  expect(await node().ok('get', 'pod', 'no-image', '--no-headers')).toMatch(/ 0\/1 +(ErrImagePull|ImagePullBackOff) /);
  expect((await node().kubectl('logs', 'no-image')).stderr).toMatch(/container "c" in pod "no-image" is waiting to start: /);
});

test('imagePullPolicy Never and a name that is none have their own reasons', async () => {
  await node().apply(podOf('never', 'true', { image: 'no-such-image:1', imagePullPolicy: 'Never' }));
  await node().apply(podOf('bad-name', 'true', { image: 'UPPER/Case:1' }));
  await until('ErrImageNeverPull', async () => (await waiting('never')) === 'ErrImageNeverPull');
  await until('InvalidImageName', async () => (await waiting('bad-name')) === 'InvalidImageName');
});

test('a command that there is not is StartError for a pod that ends, and RunContainerError for one that goes on', async () => {
  const command = { command: ['/does/not/exist'] };
  await node().apply(podOf('ends', '', command, { restartPolicy: 'Never' }));
  await node().apply(podOf('goes-on', '', command));
  await until('its end', async () => (await valueOf(node(), 'pod/ends', '.status.phase')) === 'Failed');
  const ended = JSON.parse(await valueOf(node(), 'pod/ends', '.status.containerStatuses[0].state.terminated')) as {
    exitCode: number;
    reason: string;
    message: string;
  };
  expect([ended.exitCode, ended.reason]).toEqual([128, 'StartError']);
  expect(ended.message).toContain('exec: "/does/not/exist": stat /does/not/exist: no such file or directory');
  await until('the reason', async () => /RunContainerError|CrashLoopBackOff/.test(await waiting('goes-on')));
  await described('goes-on', /Warning +Failed .*Error: .*exec: "\/does\/not\/exist": stat \/does\/not\/exist: no such file or directory/);
});

test('a ServiceAccount that there is not refuses the pod', async () => {
  expect(await applying(podOf('nobody', 'true', {}, { serviceAccountName: 'nobody' }))).toContain(
    'pods "nobody" is forbidden: error looking up service account default/nobody: serviceaccount "nobody" not found',
  );
});

test('a namespace that there is not refuses the pod', async () => {
  const { code, stderr } = await node().kubectl('-n', 'nowhere', 'run', 'x', '--image=host');
  expect(code).toBe(1);
  expect(stderr).toContain('namespaces "nowhere" not found');
});

test('a ConfigMap that there is not is an event, and the pod starts once it is there', async () => {
  const mount = { volumeMounts: [{ name: 'v', mountPath: '/v' }] };
  await node().apply(podOf('late', 'cat /v/k; echo; sleep 3600', mount, { volumes: [{ name: 'v', configMap: { name: 'late' } }] }));
  await described('late', /FailedMount .*MountVolume.SetUp failed for volume "v" : configmap "late" not found/);
  await node().ok('create', 'configmap', 'late', '--from-literal=k=v');
  await until('the log', async () => (await node().kubectl('logs', 'late')).stdout === 'v\n', 40_000);
});

test('an environment of what there is not is CreateContainerConfigError', async () => {
  const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: 'nope', key: 'k' } } }];
  await node().apply(podOf('no-secret', 'true', { env }));
  await until('the reason', async () => (await waiting('no-secret')) === 'CreateContainerConfigError');
  await described('no-secret', /Warning +Failed .*Error: secret "nope" not found/);
});

test('a pod that asks for more than the node has stays pending, with the reason', async () => {
  await node().apply(podOf('huge', 'true', { resources: { requests: { memory: '100Ti' } } }));
  await described('huge', /Warning +FailedScheduling .*0\/1 nodes are available: 1 Insufficient memory/);
});
