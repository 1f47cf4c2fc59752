import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemHost, type Host } from '../../util/host.ts';
import { eventually, startTestNode } from '../testing/node.ts';
import { aPod } from '../testing/objects.ts';
import { kubeletIdRange, parseSubordinateIds } from './id-range.ts';
import { openUserNamespaces, type UserNamespaces } from './user-namespaces.ts';

const UNIT = 65_536;
const able = async () => [{ name: '', recursiveReadOnlyMounts: true, userNamespaces: true }];
const asking = (uid: string) => aPod({ hostUsers: false }, { uid });

/** A machine whose user kubelet has these subordinate ids; without a text it has no such user. */
function machine(text?: string, groups = text, fail?: { code?: string; exit?: number }): Host {
  const readFileOf = async (path: string): Promise<string> => {
    if (path === '/etc/passwd') return text === undefined ? 'root:x:0:0::/:\n' : 'kubelet:x:999:999::/:\n';
    return readFile(path, 'utf8');
  };
  return {
    ...systemHost,
    files: { ...systemHost.files, readFile: readFileOf as unknown as typeof systemHost.files.readFile },
    processes: {
      ...systemHost.processes,
      run: async (_command, args) => {
        if (fail?.code !== undefined) throw Object.assign(new Error('spawn'), { code: fail.code });
        const stdout = Buffer.from((args[0] === '-g' ? groups : text) ?? '');
        return { code: fail?.exit ?? 0, signal: null, stdout, stderr: Buffer.alloc(0) };
      },
    },
  };
}

describe('the ids of a kubelet', () => {
  it('are all but the first ones where no user kubelet exists, and what getsubids says where one does', async () => {
    expect(await kubeletIdRange(machine(), UNIT, 110)).toEqual({ first: UNIT, length: 2 ** 32 - UNIT });
    expect(await kubeletIdRange(machine('0: kubelet 131072 7208960\n'), UNIT, 110)).toEqual({ first: 131_072, length: 7_208_960 });
    expect(await kubeletIdRange(machine('x', 'x', { code: 'ENOENT' }), UNIT, 110)).toEqual({ first: UNIT, length: 2 ** 32 - UNIT });
  });

  it.each([
    ['0: kubelet 65537 7208960', undefined, undefined, 'kubelet user assigned ID 65537 is not a multiple of 65536'],
    ['0: kubelet 0 7208960', undefined, undefined, 'kubelet user assigned ID 0 must be greater or equal to 65536'],
    ['0: kubelet 65536 7208961', undefined, undefined, 'kubelet user assigned IDs length 7208961 is not a multiple of 65536'],
    ['0: kubelet 65536 65536', undefined, undefined, 'kubelet user assigned IDs are not enough to support 110 pods'],
    ['0: kubelet 65536 65536\n1: kubelet 1 1', undefined, undefined, 'it must contain only one line'],
    ['', undefined, undefined, 'invalid line ""'],
    ['0: kubelet 65536 99999999999', undefined, undefined, 'strconv.ParseUint: parsing "99999999999"'],
    ['0: kubelet -1 1', undefined, undefined, 'strconv.ParseUint: parsing "-1"'],
    ['0: kubelet 65536 7208960', '0: kubelet 131072 7208960', undefined, 'mismatched subuids and subgids for user "kubelet"'],
    ['', undefined, { exit: 1 }, 'error retrieving additional uids for user "kubelet": exit status 1'],
    ['', undefined, { code: 'EACCES' }, 'error retrieving additional uids for user "kubelet"'],
  ])('%j and %j are refused', async (uids, gids, fail, words) => {
    await expect(kubeletIdRange(machine(uids, gids ?? uids, fail), UNIT, 110)).rejects.toThrow(words);
  });

  it('are read from any text or refused', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          const { first, length } = parseSubordinateIds(text);
          return first >= 0 && length < 2 ** 32;
        } catch (error) {
          return error instanceof Error && !(error instanceof TypeError);
        }
      }),
    );
  });
});

describe('the users of a pod', () => {
  let rootDir: string;
  beforeEach(async () => {
    rootDir = await mkdtemp(join(tmpdir(), 'nodelet-users-'));
    for (const uid of ['a', 'b', 'c']) await mkdir(join(rootDir, 'pods', uid), { recursive: true });
    await writeFile(join(rootDir, 'pods', 'stray'), '');
  });
  afterEach(() => rm(rootDir, { recursive: true, force: true }));
  const open = (pods = 110): Promise<UserNamespaces> =>
    openUserNamespaces({ host: machine(`0: kubelet 65536 ${UNIT * pods}`), rootDir, idsPerPod: UNIT, maxPods: pods });

  it('are its own, the same after a restart, and free again when it has ended', async () => {
    const users = await open(2);
    expect(await users.mappings(aPod({}, { uid: 'a' }), '', able)).toBeUndefined();
    expect(await users.mappings(aPod({ hostUsers: true }, { uid: 'a' }), '', able)).toBeUndefined();
    const [a, b] = [await users.mappings(asking('a'), '', able), await users.mappings(asking('b'), '', able)];
    expect(new Set([a?.[0]?.hostId, b?.[0]?.hostId])).toEqual(new Set([UNIT, 2 * UNIT]));
    expect(a).toEqual([{ hostId: a?.[0]?.hostId, containerId: 0, length: UNIT }]);
    expect(JSON.parse(await readFile(join(rootDir, 'pods/a/userns'), 'utf8'))).toEqual({ uidMappings: a, gidMappings: a });
    await expect(users.mappings(asking('c'), '', able)).rejects.toThrow(
      'create user namespace: could not find an empty slot to allocate a user namespace',
    );
    const again = await open(2);
    expect(await again.mappings(asking('a'), '', able)).toEqual(a);
    await expect(again.mappings(asking('c'), '', able)).rejects.toThrow('could not find an empty slot');
    await again.releaseOrphans((uid) => uid !== 'b');
    expect(await again.mappings(asking('c'), '', able)).toEqual(b);
    await again.release('a');
    await expect(readFile(join(rootDir, 'pods/a/userns'))).rejects.toThrow('ENOENT');
  });

  it('are not where its directory cannot be written', async () => {
    const users = await open(1);
    await expect(users.mappings(asking('gone'), '', able)).rejects.toThrow('create user namespace: ENOENT');
    expect(await users.mappings(asking('a'), '', able)).toHaveLength(1);
  });

  it('are refused by a runtime that cannot map them, in the words of the original', async () => {
    const users = await open();
    const refusal = (handler: string, handlers: Awaited<ReturnType<typeof able>>): Promise<unknown> =>
      users.mappings(asking('a'), handler, async () => handlers).catch((error: unknown) => (error as Error).message);
    const unable = [{ name: 'gvisor', recursiveReadOnlyMounts: true, userNamespaces: false }];
    expect(await refusal('', [])).toBe("can't set `spec.hostUsers: false`, runtime does not support user namespaces");
    expect(await refusal('gvisor', unable)).toBe(
      'can\'t set `spec.hostUsers: false`, RuntimeClass handler "gvisor" does not support user namespaces',
    );
    expect(await refusal('kata', unable)).toBe(
      'can\'t set `spec.hostUsers: false`, RuntimeClass handler "kata" does not support user namespaces: the handler "kata" is not known',
    );
  });

  const mapping = (hostId: number, more: object = {}) => ({ hostId, containerId: 0, length: UNIT, ...more });
  const file = (uid: object[], gid = uid): string => JSON.stringify({ uidMappings: uid, gidMappings: gid });
  it.each([
    ['{', 'invalid user namespace mappings file'],
    ['null', 'invalid user namespace'],
    ['[]', 'no more than one mapping allowed.'],
    [file([]), 'no more than one mapping allowed.'],
    [file([mapping(UNIT)], []), 'GID and UID mappings should be identical.'],
    [file([mapping(UNIT)], [mapping(2 * UNIT)]), 'GID and UID mapping should be identical'],
    [file([mapping(UNIT, { containerId: 1 })]), 'UID 0 must be mapped'],
    [file([mapping(UNIT, { length: 1 })]), 'wrong user namespace length 1'],
    [file([mapping(UNIT + 1)]), 'wrong user namespace offset specified 65537'],
    [file([mapping(0)]), 'id 0 is out of range'],
    [file([mapping(UNIT, { hostId: '65536' })]), 'hostId is no id'],
    [`${' '.repeat(10_000)}{}`, 'it is too long'],
  ])('that %j tells of are refused', async (text, words) => {
    const users = await open();
    await writeFile(join(rootDir, 'pods/a/userns'), text);
    await expect(users.mappings(asking('a'), '', able)).rejects.toThrow(words);
    await expect(open()).rejects.toThrow(/^record pod mappings for existing pod "a": /);
  });
});

describe('a pod that asks for users of its own', () => {
  const spec = {
    hostUsers: false,
    volumes: [{ name: 'v', emptyDir: {} }],
    containers: [{ name: 'c', image: 'busybox:1.36', volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
  };
  it('is mapped, with all its mounts, as its directory says', async () => {
    const node = await startTestNode({ handlers: await able() });
    try {
      node.api.createPod({ metadata: { name: 'p' }, spec });
      await eventually(() => node.api.pod('p')?.status.phase === 'Running', 'the pod');
      const [sandbox] = node.runtime.sandboxes.values();
      const [container] = node.runtime.containers.values();
      const users = sandbox?.config.security.namespaces.users;
      expect(users).toEqual([{ hostId: expect.any(Number), containerId: 0, length: UNIT }]);
      expect(container?.config.security.namespaces.users).toEqual(users);
      expect(container?.config.mounts.map(({ mapping }) => mapping)).toEqual(container?.config.mounts.map(() => users));
    } finally {
      await node.close();
    }
  });

  it('does not run without them', async () => {
    const node = await startTestNode();
    try {
      node.api.createPod({ metadata: { name: 'p' }, spec });
      const words =
        "Warning FailedCreatePodSandBox: Failed to create pod sandbox: can't set `spec.hostUsers: false`, runtime does not support user namespaces";
      await eventually(() => node.events('p').includes(words), 'the event');
      expect(node.runtime.sandboxes.size).toBe(0);
    } finally {
      await node.close();
    }
  });
});
