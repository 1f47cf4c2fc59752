import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RuntimeError, type CommandTarget, type RuntimeEvent } from '../runtime.ts';
import { systemHost } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import { openImageStore } from '../images/local-image-store.ts';
import { writeTar, type TarMember } from '../images/testing/tar-writer.ts';
import { linkAddressOf } from './network.ts';
import { createdState } from './records.ts';
import { cannotRun, containerConfig, conversation, eventually, startHarness, type Harness } from './testing/harness.ts';

const reason = cannotRun();
const forever = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1 & wait; done'];

it('has what containers need when the machine is a build machine', () => {
  expect(process.env['CI'] === 'true' ? reason : null).toBeNull();
});

function runOf(target: CommandTarget): Extract<CommandTarget, { kind: 'local' }>['run'] {
  if (target.kind !== 'local') throw new Error('the process runtime serves streams itself');
  return target.run;
}

describe.skipIf(reason !== null)('the process runtime', () => {
  let h: Harness;
  beforeAll(async () => {
    h = await startHarness();
  }, 30_000);
  afterAll(() => h.clean(), 60_000);

  describe('a container', () => {
    it('is the first process of its namespace, with the given environment and nothing else', async () => {
      const id = await h.run(['sh', '-c', 'echo $$; tr "\\0" "\\n" </proc/1/environ | sort; hostname'], {
        envs: [
          { key: 'A', value: 'b "$c" `d`' },
          { key: 'LD_PRELOAD', value: '/nowhere.so' },
        ],
      });
      await h.ended(id);
      const lines = await h.log(id);
      expect(lines).toEqual(expect.arrayContaining(['stdout F 1', 'stdout F A=b "$c" `d`', 'stdout F LD_PRELOAD=/nowhere.so']));
      expect(lines.filter((line) => line.startsWith('stdout')).map((line) => line.slice('stdout F '.length).split('=')[0])).toEqual([
        '1',
        'A',
        'HOME',
        'HOSTNAME',
        'LD_PRELOAD',
        'PATH',
        expect.stringMatching(/^pod\d+$/),
      ]);
    });

    it('tells how it ended', async () => {
      const cases: [string, number, string][] = [
        ['exit 0', 0, 'Completed'],
        ['exit 3', 3, 'Error'],
      ];
      for (const [script, exitCode, why] of cases) {
        const status = await h.ended(await h.run(['sh', '-c', script]));
        expect(status).toMatchObject({ state: 'exited', exitCode, reason: why });
        expect(status.finishedAt).toBeGreaterThanOrEqual(status.startedAt);
      }
    });

    it('ignores SIGKILL from inside, and ends with 137 when it is stopped with no time left', async () => {
      const id = await h.run(['sh', '-c', 'kill -9 $$; sleep 100']);
      await h.runtime.stopContainer(id, 0);
      expect(await h.runtime.containerStatus(id)).toMatchObject({ exitCode: 137, reason: 'Error' });
    });

    it('ends by its stop signal when it listens to it, and by force when it does not', async () => {
      const polite = await h.run(['sh', '-c', 'trap "exit 5" USR1; echo ready; while :; do sleep 1 & wait; done'], {
        stopSignal: 'SIGUSR1',
      });
      await eventually(async () => ((await h.log(polite)).length > 0 ? true : null));
      await h.runtime.stopContainer(polite, 10);
      expect((await h.ended(polite)).exitCode).toBe(5);
      const deaf = await h.run(['sh', '-c', 'trap "" TERM; while :; do sleep 1; done']);
      await h.runtime.stopContainer(deaf, 1);
      expect((await h.ended(deaf)).exitCode).toBe(137);
      await h.runtime.stopContainer(deaf, 1);
    });

    it('is its command as soon as it is started, and not a helper that would not hear a signal', async () => {
      const pod = await h.sandbox();
      for (let attempt = 0; attempt < 5; attempt += 1) {
        const config = containerConfig(['sleep', '1000'], pod.config, { metadata: { name: 'c', attempt } });
        const id = await h.runtime.createContainer(pod.id, config, pod.config);
        await h.runtime.startContainer(id);
        const { pid } = await h.runtime.containerStatus(id);
        expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toBe(['sleep', '1000', ''].join('\0'));
      }
    });

    it('hears of its end although it comes to listen a little later', async () => {
      const late = await h.run(['sh', '-c', 'sleep 0.2; trap "exit 5" TERM; while :; do sleep 1 & wait; done']);
      await h.runtime.stopContainer(late, 10);
      expect((await h.ended(late)).exitCode).toBe(5);
    });

    it.each([
      [['/does/not/exist'], 'exec: "/does/not/exist": stat /does/not/exist: no such file or directory'],
      [['nope'], 'exec: "nope": executable file not found in $PATH'],
      [['/tmp'], 'exec: "/tmp": permission denied'],
      [[''], 'exec: "": executable file not found in $PATH'],
    ])('that has no such command %j fails to start as runc says it', async (command, words) => {
      const pod = await h.sandbox();
      const id = await h.runtime.createContainer(pod.id, containerConfig(command, pod.config), pod.config);
      const message = `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ${words}: unknown`;
      await expect(h.runtime.startContainer(id)).rejects.toThrow(message);
      expect(await h.runtime.containerStatus(id)).toMatchObject({
        state: 'exited',
        exitCode: 128,
        reason: 'StartError',
        message,
        startedAt: 0,
      });
      await expect(h.runtime.startContainer(id)).rejects.toThrow(
        `failed to set starting state for container "${id}": container is in CONTAINER_EXITED state`,
      );
    });

    it('has the capabilities, user and groups that it was given', async () => {
      const show = ['sh', '-c', 'grep -E "CapEff|CapBnd|NoNewPrivs" /proc/self/status; id -u; id -g; id -G'];
      const byDefault = await h.run(show);
      const dropped = await h.run(show, {}, { dropCapabilities: ['ALL'], addCapabilities: ['NET_BIND_SERVICE'], noNewPrivs: true });
      const user = await h.run(show, {}, { runAsUser: 1000, runAsGroup: 2000, supplementalGroups: [3000, 4000] });
      for (const id of [byDefault, dropped, user]) await h.ended(id);
      const defaults = readFileSync('/proc/self/mountinfo', 'utf8').includes('cgroup rw,devices') ? '00000000a80425fb' : '00000000a00425fb';
      expect(await h.log(byDefault)).toEqual([
        `stdout F CapEff:\t${defaults}`,
        `stdout F CapBnd:\t${defaults}`,
        'stdout F NoNewPrivs:\t0',
        'stdout F 0',
        'stdout F 0',
        'stdout F 0',
      ]);
      expect((await h.log(dropped)).slice(0, 3)).toEqual([
        'stdout F CapEff:\t0000000000000400',
        'stdout F CapBnd:\t0000000000000400',
        'stdout F NoNewPrivs:\t1',
      ]);
      expect((await h.log(user)).slice(0, 1).concat((await h.log(user)).slice(3))).toEqual([
        'stdout F CapEff:\t0000000000000000',
        'stdout F 1000',
        'stdout F 2000',
        'stdout F 2000 3000 4000',
      ]);
    });

    it('writes to a root of its own, which can be read-only, and sees its volumes', async () => {
      const volume = `${h.dir}/volume with space`;
      mkdirSync(volume);
      writeFileSync(`${h.dir}/one file`, 'content');
      const mounts = [
        { containerPath: '/new dir/data', hostPath: volume, readonly: false, propagation: 'private' as const },
        { containerPath: '/new dir/data/inner', hostPath: `${h.dir}/one file`, readonly: true, propagation: 'private' as const },
        { containerPath: '/var/run/x/file', hostPath: `${h.dir}/one file`, readonly: true, propagation: 'private' as const },
      ];
      const script = 'touch /etc/made /root/made; echo x >"/new dir/data/out"; cat "/new dir/data/inner"; echo; echo y >/var/run/x/file';
      const writable = await h.run(['sh', '-c', script], { mounts });
      const readonly = await h.run(
        ['sh', '-c', 'touch /etc/made; touch /new; echo z > /new\\ dir/data/second'],
        { mounts: mounts.slice(0, 1) },
        { readonlyRootfs: true },
      );
      await h.ended(writable);
      await h.ended(readonly);
      // The two streams are read side by side: which line comes first is open.
      expect((await h.log(writable)).toSorted()).toEqual([
        expect.stringMatching(/^stderr F .*Read-only file system|^stderr F .*cannot create/),
        'stdout F content',
      ]);
      expect((await h.log(readonly)).join('\n')).toMatch(/\/etc\/made.*Read-only file system\n.*\/new.*Read-only file system/);
      expect(readFileSync(`${volume}/out`, 'utf8')).toBe('x\n');
      expect(readFileSync(`${volume}/second`, 'utf8')).toBe('z\n');
      expect(() => readFileSync('/etc/made')).toThrow(/ENOENT/);
    });

    it('is open to users other than root, with the usual umask', async () => {
      const id = await h.run(['sh', '-c', 'cat /etc/hostname && : >/dev/null && : >/tmp/mine && umask'], {}, { runAsUser: 12_345 });
      expect((await h.ended(id)).exitCode).toBe(0);
      expect((await h.log(id))[1]).toBe('stdout F 0022');
    });

    it("does not see the runtime's own directories through the host's root", async () => {
      const id = await h.run(['sh', '-c', `ls -A ${h.dir}/run ${h.dir}/images 2>&1 | grep -v :; ls -A ${h.dir}/run/containers`]);
      await h.ended(id);
      expect((await h.log(id)).filter((line) => line.startsWith('stdout') && line !== 'stdout F ')).toEqual([]);
    });

    it('starts in its working directory, which is made when it is not there', async () => {
      const id = await h.run(['pwd'], { workingDir: '/not/there yet' });
      await h.ended(id);
      expect(await h.log(id)).toEqual(['stdout F /not/there yet']);
    });

    it('is killed for its memory limit, and its limits can be seen and changed', async () => {
      const oom = await h.run(['sh', '-c', 'tail /dev/zero'], {
        resources: { memoryLimitBytes: 24 * 2 ** 20, memorySwapLimitBytes: 24 * 2 ** 20 },
      });
      expect(await h.ended(oom)).toMatchObject({ exitCode: 137, reason: 'OOMKilled' });
      const id = await h.run(forever, { resources: { cpuShares: 512, pidsLimit: 50 } });
      await h.runtime.updateContainerResources(id, { cpuShares: 256 });
      expect((await h.runtime.containerStatus(id)).resources).toEqual({ cpuShares: 256, pidsLimit: 50 });
      await h.runtime.stopContainer(id, 0);
    });

    it('that asks for an image, a capability or a user that is not there is refused when it is created', async () => {
      const pod = await h.sandbox();
      const create = (more: object, security: object): Promise<string> =>
        h.runtime.createContainer(pod.id, containerConfig(['true'], pod.config, more, security), pod.config);
      await expect(create({ image: { image: 'nope:1', userSpecified: 'nope:1' } }, {})).rejects.toThrow(
        'failed to resolve image "nope:1": not found',
      );
      await expect(create({}, { runAsUsername: 'nobody-there' })).rejects.toThrow(
        'unable to find user nobody-there: no matching entries in passwd file',
      );
      await expect(create({}, { seccomp: { type: 'localhost', ref: '/x.json' } })).rejects.toThrow('seccomp');
      await expect(create({}, { apparmor: { type: 'localhost', ref: 'mine' } })).rejects.toThrow('cannot apply AppArmor profiles');
      await expect(create({ command: ['a\0b'] }, {})).rejects.toBeInstanceOf(RuntimeError);
    });
  });

  describe('the log of a container', () => {
    it('has every line once, long lines in parts, and the last one without a newline as a part', async () => {
      const id = await h.run(['sh', '-c', 'head -c 40000 /dev/zero | tr "\\0" x; echo; echo err >&2; printf end']);
      await h.ended(id);
      const lines = await h.log(id);
      expect(lines.filter((line) => line.startsWith('stderr'))).toEqual(['stderr F err']);
      expect(lines.filter((line) => line.startsWith('stdout')).map((line) => `${line.slice(0, 8)} ${line.length - 9}`)).toEqual([
        'stdout P 16384',
        'stdout P 16384',
        'stdout F 7232',
        'stdout P 3',
      ]);
    });

    it('goes on in a new file after a rotation', async () => {
      const id = await h.run(['sh', '-c', 'trap "exit 0" TERM; while :; do echo line; sleep 0.01; done']);
      const { logPath } = await h.runtime.containerStatus(id);
      await eventually(async () => ((await h.log(id)).length > 3 ? true : null));
      renameSync(logPath, `${logPath}.old`);
      await h.runtime.reopenContainerLog(id);
      await eventually(async () => ((await h.log(id)).length > 3 ? true : null));
      await h.runtime.stopContainer(id, 5);
      await expect(h.runtime.reopenContainerLog(id)).rejects.toThrow('container is not running');
    });

    it('is complete when the end is reported', async () => {
      const abort = new AbortController();
      const seen: RuntimeEvent[] = [];
      const lines = new Promise<number>((resolve) => {
        h.runtime.onEvent((event) => {
          seen.push(event);
          if (event.type === 'containerStopped') void h.log(event.id).then((log) => resolve(log.length));
        }, abort.signal);
      });
      await h.run(['sh', '-c', 'i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); done']);
      expect(await lines).toBe(2000);
      expect(seen.map((event) => event.type)).toEqual(['sandboxChanged', 'containerCreated', 'containerStarted', 'containerStopped']);
      abort.abort();
    });
  });

  describe('a sandbox', () => {
    it('has an address, a host name and name servers, which its containers share', async () => {
      const pod = await h.sandbox({ hostname: 'named', sysctls: { 'net.ipv4.ip_unprivileged_port_start': '0' } });
      const { ips } = await h.runtime.podSandboxStatus(pod.id);
      const id = await h.run(
        [
          'sh',
          '-c',
          'hostname; cat /etc/resolv.conf; ip -4 -o addr show eth0 2>/dev/null | grep -o "inet [0-9.]*"; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; touch /dev/shm/shared',
        ],
        {},
        {},
        pod,
      );
      await h.ended(id);
      expect(await h.log(id)).toEqual(
        ['named', 'search test.svc.cluster.local', 'nameserver 192.0.2.53', 'options ndots:5', `inet ${ips[0]}`, '0'].map(
          (line) => `stdout F ${line}`,
        ),
      );
      const second = await h.run(['ls', '/dev/shm'], { metadata: { name: 'second', attempt: 0 } }, {}, pod);
      await h.ended(second);
      expect(await h.log(second)).toEqual(['stdout F shared']);
    });

    it('reaches this machine, and is reached from it', async () => {
      const server = createServer((socket) => socket.end('from the host\n'));
      await new Promise<void>((resolve) => {
        server.listen(0, '0.0.0.0', resolve);
      });
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      const id = await h.run([
        'bash',
        '-c',
        // What ip says of other namespaces on the way is its own. The addresses are those that its neighbours keep: a bridge must not take another when the next pod comes.
        `gateway=$(ip route | awk '/default/ {print $3}'); exec 5<>/dev/tcp/$gateway/${port}; cat <&5
        (ip neigh show $gateway | grep -o 'lladdr [^ ]*'; ip -o link show eth0 | grep -o 'link/ether [^ ]*') 2>/dev/null; echo $gateway`,
      ]);
      await h.ended(id);
      const lines = (await h.log(id)).map((line) => line.slice('stdout F '.length));
      const { ips } = await h.runtime.podSandboxStatus((await h.runtime.containerStatus(id)).sandboxId);
      const gateway = lines.at(-1) ?? '';
      expect(lines).toEqual(['from the host', `lladdr ${linkAddressOf(gateway)}`, `link/ether ${linkAddressOf(ips[0] ?? '')}`, gateway]);
      server.close();
    });

    it('is refused when its name is taken or a sysctl is not its own', async () => {
      const pod = await h.sandbox();
      await expect(h.runtime.runPodSandbox(pod.config)).rejects.toThrow(`is reserved for "${pod.id}"`);
      await expect(h.sandbox({ sysctls: { 'kernel.bogus': '1' } })).rejects.toThrow(
        'sysctl "kernel.bogus" is not in a separate kernel namespace',
      );
      await expect(h.sandbox({ cgroupParent: '/../../etc' })).rejects.toThrow('is not a cgroup path');
      await expect(h.runtime.runPodSandbox(pod.config, 'kata')).rejects.toThrow('no runtime for "kata" is configured');
    });

    it('with one pid namespace for all has a pause process first', async () => {
      const namespaces = { network: 'pod', pid: 'pod', ipc: 'pod' } as const;
      const base = await h.sandbox();
      const pod = await h.sandbox({ security: { ...base.config.security, namespaces } });
      const id = await h.run(
        ['sh', '-c', 'cat /proc/1/comm; (sleep 0.01 &) ; sleep 0.2; ps -A -o stat= | grep -c Z; ls -A /proc/1/root/'],
        {},
        {},
        pod,
      );
      await h.ended(id);
      const said = await h.log(id);
      expect(said.slice(0, 2)).toEqual(['stdout F pause', 'stdout F 0']);
      // Its root holds nothing of the host's.
      expect(said.slice(2).filter((line) => !/^stdout F [0-9a-f]{32}$/.test(line))).toEqual([
        'stdout F dev',
        'stdout F proc',
        'stdout F t',
      ]);
      const other = await h.run(
        ['sh', '-c', 'trap "exit 0" TERM; echo ready; while :; do sleep 1 & wait; done'],
        { metadata: { name: 'other', attempt: 0 } },
        {},
        pod,
      );
      await eventually(async () => ((await h.log(other)).length > 0 ? true : null));
      await h.runtime.stopContainer(other, 5);
      expect((await h.ended(other)).exitCode).toBe(0);
    });

    it('on the host network has no address of its own', async () => {
      const base = await h.sandbox();
      const namespaces = { network: 'node', pid: 'node', ipc: 'node' } as const;
      const pod = await h.sandbox({ security: { ...base.config.security, namespaces } });
      expect(await h.runtime.podSandboxStatus(pod.id)).toMatchObject({ ips: [], network: 'node' });
      const id = await h.run(['readlink', '/proc/self/ns/net', '/proc/self/ns/pid'], {}, {}, pod);
      await h.ended(id);
      expect(await h.log(id)).toHaveLength(2);
    });

    it('takes its containers with it when it is stopped, and leaves nothing when it is removed', async () => {
      const pod = await h.sandbox();
      const id = await h.run(forever, {}, {}, pod);
      await h.runtime.stopPodSandbox(pod.id);
      await h.runtime.stopPodSandbox(pod.id);
      expect(await h.runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 137 });
      expect(await h.runtime.podSandboxStatus(pod.id)).toMatchObject({ state: 'notReady', ips: [] });
      await expect(h.runtime.createContainer(pod.id, containerConfig(['true'], pod.config), pod.config)).rejects.toMatchObject({
        code: 'notFound',
      });
      await h.runtime.removePodSandbox(pod.id);
      await h.runtime.removePodSandbox(pod.id);
      await h.runtime.removeContainer(id);
      await expect(h.runtime.containerStatus(id)).rejects.toMatchObject({ code: 'notFound' });
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(pod.id);
    });
  });

  describe('exec', () => {
    it('starts a command where no pipes can be made for it', async () => {
      const id = await h.run(['sleep', '1000']);
      const place = `${h.dir}/run/containers/${id}`;
      renameSync(place, `${place}.away`);
      try {
        const { stdout, exitCode } = await h.runtime.execSync(id, ['sh', '-c', 'echo here; exit 3'], 5);
        expect([stdout.toString(), exitCode]).toEqual(['here\n', 3]);
      } finally {
        renameSync(`${place}.away`, place);
      }
    });

    it('says where the writes of a container go', async () => {
      const id = await h.run(['sh', '-c', 'echo written >/file; sleep 1000']);
      const { writableLayer = '' } = await h.runtime.containerStatus(id);
      await vi.waitFor(() => expect(readFileSync(`${writableLayer}/file`, 'utf8')).toBe('written\n'), { timeout: 10_000 });
    });

    it('runs in the container with its environment and tells output and exit code apart', async () => {
      const id = await h.run(forever, { envs: [{ key: 'GREETING', value: 'hello  there' }] });
      const result = await h.runtime.execSync(id, ['sh', '-c', 'echo "$GREETING"; echo err >&2; hostname; exit 7'], 5);
      expect({ ...result, stdout: result.stdout.toString(), stderr: result.stderr.toString() }).toEqual({
        stdout: expect.stringMatching(/^hello {2}there\npod\d+\n$/),
        stderr: 'err\n',
        exitCode: 7,
      });
      expect((await h.runtime.execSync(id, ['sh', '-c', 'kill -9 $$'], 0)).exitCode).toBe(137);
      const reopened = await h.runtime.execSync(id, ['sh', '-c', 'echo out >/dev/stdout; echo err >/dev/stderr; kill -9 0'], 5);
      expect([String(reopened.stdout), String(reopened.stderr), reopened.exitCode]).toEqual(['out\n', 'err\n', 137]);
      await expect(h.runtime.execSync(id, ['sleep', '30'], 1)).rejects.toMatchObject({
        code: 'deadlineExceeded',
        message: expect.stringContaining('timeout 1s exceeded: context deadline exceeded'),
      });
      await expect(h.runtime.execSync(id, ['nope'], 1)).rejects.toThrow(
        /^failed to exec in container: failed to start exec "[0-9a-f]{64}": OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in \$PATH: unknown$/,
      );
      await h.runtime.stopContainer(id, 0);
      await expect(h.runtime.execSync(id, ['true'], 1)).rejects.toThrow(
        'failed to exec in container: container is in CONTAINER_EXITED state',
      );
    });

    it('carries stdin, stdout and stderr, a megabyte and its end included', async () => {
      const id = await h.run(forever);
      const talk = conversation({ stdin: true });
      const done = runOf(
        await h.runtime.exec({
          containerId: id,
          command: ['sh', '-c', 'wc -c; echo e >&2; exit 4'],
          stdin: true,
          stdout: true,
          stderr: true,
          tty: false,
        }),
      )(talk.io);
      talk.stdin.end(Buffer.alloc(1 << 20));
      expect(await done).toEqual({ kind: 'exited', code: 4 });
      expect([talk.stdout(), talk.stderr()]).toEqual(['1048576\n', 'e\n']);
      await h.runtime.stopContainer(id, 0);
    });

    it('has a terminal that can be resized when asked for one', async () => {
      const id = await h.run(forever);
      const talk = conversation({ stdin: true, stderr: false });
      const done = runOf(
        await h.runtime.exec({
          containerId: id,
          command: ['sh', '-c', 'read x; stty size; echo "got $x"; exit 6'],
          stdin: true,
          stdout: true,
          stderr: false,
          tty: true,
        }),
      )(talk.io);
      talk.resize({ width: 100, height: 40 });
      await new Promise((resolve) => {
        setTimeout(resolve, 150);
      });
      talk.stdin.write('word\n');
      expect(await done).toEqual({ kind: 'exited', code: 6 });
      expect(talk.stdout()).toBe('word\r\n40 100\r\ngot word\r\n');
      const bad = conversation({ stderr: false });
      const failed = await runOf(
        await h.runtime.exec({ containerId: id, command: ['nope'], stdin: false, stdout: true, stderr: false, tty: true }),
      )(bad.io);
      expect(failed).toMatchObject({ kind: 'failed', message: expect.stringContaining('executable file not found in $PATH') });
      await h.runtime.stopContainer(id, 0);
    });
  });

  describe('attach', () => {
    it('feeds a container and ends its input when the client ends its own', async () => {
      const id = await h.run(['sh', '-c', 'while read x; do echo "got $x"; done; echo over; exit 3'], { stdin: true, stdinOnce: true });
      const talk = conversation({ stdin: true });
      const done = runOf(await h.runtime.attach({ containerId: id, stdin: true, stdout: true, stderr: true, tty: false }))(talk.io);
      talk.stdin.write('one\n');
      await eventually(() => (talk.stdout().includes('got one') ? true : null));
      talk.stdin.end('two\n');
      expect(await done).toEqual({ kind: 'exited', code: 0 });
      expect(talk.stdout()).toBe('got one\ngot two\nover\n');
      expect((await h.ended(id)).exitCode).toBe(3);
    });

    it('leaves the input of a container open for the next client unless it says otherwise', async () => {
      const id = await h.run(['sh', '-c', 'while read x; do echo "got $x"; done'], { stdin: true });
      for (const word of ['one', 'two']) {
        const talk = conversation({ stdin: true });
        const done = runOf(await h.runtime.attach({ containerId: id, stdin: true, stdout: true, stderr: true, tty: false }))(talk.io);
        talk.stdin.write(`${word}\n`);
        await eventually(() => (talk.stdout().includes(`got ${word}`) ? true : null));
        talk.stdin.end();
        expect(await done).toEqual({ kind: 'exited', code: 0 });
      }
      await h.runtime.stopContainer(id, 0);
    });

    it('talks to the terminal of a container that has one', async () => {
      const id = await h.run(['sh', '-c', 'tty >/dev/null; read x; stty size; echo "got $x"; exit 5'], { stdin: true, tty: true });
      const talk = conversation({ stdin: true, stderr: false });
      const done = runOf(await h.runtime.attach({ containerId: id, stdin: true, stdout: true, stderr: false, tty: true }))(talk.io);
      talk.resize({ width: 90, height: 30 });
      await new Promise((resolve) => {
        setTimeout(resolve, 150);
      });
      talk.stdin.write('word\n');
      expect(await done).toEqual({ kind: 'exited', code: 0 });
      expect(talk.stdout()).toContain('30 90\r\ngot word\r\n');
      expect((await h.ended(id)).exitCode).toBe(5);
      expect(await h.log(id)).toContain('stdout F got word');
      await expect(h.runtime.attach({ containerId: id, stdin: false, stdout: true, stderr: false, tty: true })).rejects.toThrow(
        'container is in CONTAINER_EXITED state',
      );
    });
  });

  describe.skipIf(!existsSync('/bin/busybox'))('an unpacked image', () => {
    const busybox = existsSync('/bin/busybox') ? readFileSync('/bin/busybox') : Buffer.alloc(0);
    async function load(tag: string, config: object, members: readonly TarMember[]): Promise<void> {
      const layer = writeTar([
        { path: 'bin/busybox', content: busybox, mode: 0o755 },
        ...['sh', 'echo', 'cat', 'ls', 'id', 'ps', 'sleep', 'mount', 'grep'].map((name) => ({
          path: `bin/${name}`,
          type: '1' as const,
          link: 'bin/busybox',
        })),
        { path: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\napp:x:7:8::/home/app:/bin/sh\n' },
        ...members,
      ]);
      const sha = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
      const image = Buffer.from(JSON.stringify({ config, rootfs: { type: 'layers', diff_ids: [`sha256:${sha(layer)}`] } }));
      const file = `${h.dir}/image.tar`;
      writeFileSync(
        file,
        writeTar([
          { path: 'c.json', content: image },
          { path: 'l.tar', content: layer },
          { path: 'manifest.json', content: JSON.stringify([{ Config: 'c.json', RepoTags: [tag], Layers: ['l.tar'] }]) },
        ]),
      );
      const store = await openImageStore(`${h.dir}/images`, { host: systemHost, log: silentLogger });
      await store.load(file);
    }
    const image = (name: string): { image: string; userSpecified: string } => ({ image: name, userSpecified: name });

    it('runs its entrypoint as its user with its environment, on a root of its own', async () => {
      await load(
        'app:1',
        {
          Entrypoint: ['sh', '-c', 'echo "$FROM_IMAGE $HOME"; id -u; pwd; ls -A /; cat /etc/hostname'],
          Env: ['FROM_IMAGE=yes'],
          User: 'app',
          WorkingDir: '/srv',
        },
        [],
      );
      const id = await h.run([], { image: image('app:1') });
      await h.ended(id);
      const lines = (await h.log(id)).map((line) => line.slice('stdout F '.length));
      expect(lines.slice(0, 3)).toEqual(['yes /home/app', '7', '/srv']);
      expect(lines.slice(3, -1)).toEqual(['.nodelet', 'bin', 'dev', 'etc', 'proc', 'srv', 'sys']);
      expect(await h.runtime.containerStatus(id)).toMatchObject({ image: 'app:1', imageRef: (await h.runtime.imageStatus('app:1'))?.id });
    });

    it('that is hostile leads nowhere: preloaded libraries, links to the host, a /proc of its own', async () => {
      const victim = `${h.dir}/victim`;
      mkdirSync(victim);
      await load('evil:1', {}, [
        { path: 'etc/ld.so.preload', content: '/evil.so\n' },
        { path: 'evil.so', content: 'not a library' },
        { path: 'proc', type: '2', link: victim },
        { path: 'dev', type: '2', link: victim },
        { path: 'data', type: '2', link: victim },
        { path: 'up', type: '2', link: `../../../../../../../..${victim}` },
        { path: 'etc/resolv.conf', type: '2', link: `${victim}/resolv.conf` },
      ]);
      const mounts = ['/data/deep', '/up/deep'].map((containerPath) => ({
        containerPath,
        hostPath: `${h.dir}/image.tar`,
        readonly: true,
        propagation: 'private' as const,
      }));
      const id = await h.run(['/bin/sh', '-c', 'ls -d /data/deep /up/deep; ls /proc/self/root/bin/sh'], { image: image('evil:1'), mounts });
      await h.ended(id);
      expect(await h.log(id)).toEqual(['stdout F /data/deep', 'stdout F /up/deep', 'stdout F /proc/self/root/bin/sh']);
      expect(readdirSync(victim)).toEqual([]);
      const exec = await h.run(['/bin/sleep', '100'], { image: image('evil:1') });
      const result = await h.runtime.execSync(exec, ['/bin/echo', 'quiet'], 5);
      expect([result.stdout.toString(), result.stderr.toString()]).toEqual(['quiet\n', '']);
      await h.runtime.stopContainer(exec, 0);
    });
  });

  it('publishes host ports to this machine', async () => {
    const free = createServer();
    const port = await new Promise<number>((resolve) => {
      free.listen(0, '0.0.0.0', () => {
        const address = free.address();
        const found = typeof address === 'object' && address ? address.port : 0;
        free.close(() => resolve(found));
      });
    });
    const made = await h
      .sandbox({ portMappings: [{ protocol: 'TCP', containerPort: 8080, hostPort: port, hostIp: '' }] })
      .catch((error: unknown) => String(error));
    if (typeof made === 'string') {
      expect(made).toContain('nftables');
      return;
    }
    const server = "require('node:net').createServer((s)=>s.end('from the pod')).listen(8080)";
    const id = await h.run([process.execPath, '-e', server], {}, {}, made);
    const answer = await eventually(
      () =>
        new Promise<string | null>((resolve) => {
          const socket = connect(port, '127.0.0.1');
          socket.on('error', () => resolve(null));
          void text(socket).then(resolve, () => resolve(null));
        }),
    );
    expect(answer).toBe('from the pod');
    await h.runtime.stopContainer(id, 0);
  });

  it('shares mounts made in a privileged container with the host where the volume says so', async () => {
    const shared = `${h.dir}/shared`;
    mkdirSync(shared);
    execFileSync('mount', ['--bind', shared, shared]);
    execFileSync('mount', ['--make-shared', shared]);
    try {
      const mounts = [{ containerPath: '/shared', hostPath: shared, readonly: false, propagation: 'bidirectional' as const }];
      const id = await h.run(
        [
          'sh',
          '-c',
          'mkdir /shared/m && mount -t tmpfs x /shared/m && echo hi > /shared/m/f; ls /dev/vda /dev/null; grep CapEff /proc/self/status; umount /nothing',
        ],
        { mounts },
        { privileged: true },
      );
      await h.ended(id);
      expect(readFileSync(`${shared}/m/f`, 'utf8')).toBe('hi\n');
      expect((await h.log(id)).join()).toContain('1fffeffffff');
    } finally {
      execFileSync('umount', ['-R', '-l', shared]);
    }
    const mountinfo = readFileSync('/proc/self/mountinfo', 'utf8');
    expect(mountinfo).not.toMatch(/containers\/[0-9a-f]{64}\/root/);
  });

  it("forwards connections to ports of a pod's own localhost", async () => {
    const pod = await h.sandbox();
    const server =
      "require('node:net').createServer({allowHalfOpen:true},(s)=>{let t='';s.on('data',(d)=>t+=d).on('end',()=>s.end('echo '+t))}).listen(8080,'127.0.0.1')";
    const id = await h.run([process.execPath, '-e', server], {}, {}, pod);
    const target = await h.runtime.portForward(pod.id);
    if (target.kind !== 'local') throw new Error('the process runtime forwards itself');
    const socket = await eventually(() => target.dial(8080).catch(() => null));
    socket.end('hello');
    expect(await text(socket)).toBe('echo hello');
    await expect(target.dial(9)).rejects.toThrow(
      /failed to connect to localhost:9 inside namespace "[0-9a-f]{64}", IPv4: dial tcp4 127.0.0.1:9: connect: connection refused/,
    );
    await h.runtime.stopContainer(id, 0);
  });

  it('takes up what runs after a restart: same process, whole log, exit code', async () => {
    const flag = `${h.dir}/flag`;
    mkdirSync(flag);
    const mounts = [{ containerPath: '/flag', hostPath: flag, readonly: false, propagation: 'private' as const }];
    const script = 'i=0; while [ ! -e /flag/stop ]; do echo $i; i=$((i+1)); sleep 0.005; done; echo last; exit 9';
    const id = await h.run(['sh', '-c', script], { mounts });
    const before = await h.runtime.containerStatus(id);
    await eventually(async () => ((await h.log(id)).length > 10 ? true : null));
    await h.restart();
    const after = await h.runtime.containerStatus(id);
    expect([after.state, after.pid, after.startedAt]).toEqual(['running', before.pid, before.startedAt]);
    writeFileSync(`${flag}/stop`, '');
    expect((await h.ended(id)).exitCode).toBe(9);
    const lines = (await h.log(id)).map((line) => line.slice('stdout F '.length));
    expect(lines).toEqual([...Array.from({ length: lines.length - 1 }, (_, index) => String(index)), 'last']);
    rmSync(flag, { recursive: true });
  });

  it('takes a start that was cut off before anything ran as never tried', async () => {
    const pod = await h.sandbox();
    const id = await h.runtime.createContainer(pod.id, containerConfig(['sh', '-c', 'echo once'], pod.config), pod.config);
    const state = `${h.dir}/run/containers/${id}/state.json`;
    const made = existsSync(state) ? (JSON.parse(readFileSync(state, 'utf8')) as object) : {};
    await h.runtime.close();
    writeFileSync(state, JSON.stringify({ ...createdState, ...made, phase: 'starting' }));
    await h.restart();
    expect(await h.runtime.containerStatus(id)).toMatchObject({ state: 'created' });
    await h.runtime.startContainer(id);
    expect((await h.ended(id)).exitCode).toBe(0);
    expect(await h.log(id)).toEqual(['stdout F once']);
  });

  it('knows the exit code of a container that ended while nobody looked', async () => {
    const id = await h.run(['sh', '-c', 'echo said; sleep 0.3; exit 11']);
    await h.runtime.close();
    await new Promise((resolve) => {
      setTimeout(resolve, 600);
    });
    await h.restart();
    expect(await h.ended(id)).toMatchObject({ exitCode: 11, reason: 'Error' });
    expect(await h.log(id)).toEqual(['stdout F said']);
  });
});
