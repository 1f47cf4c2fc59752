import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemHost, type Host } from '../../util/host.ts';
import { silentLogger } from '../../util/log.ts';
import { dockerCredentials, placeMatches } from '../spec/pull-secrets.ts';
import { openCredentialProviders } from './credential-provider.ts';
import { openNodeCredentials } from './node-credentials.ts';
import { createPullGate } from './pull-limits.ts';

describe('pulls', () => {
  const never = new AbortController().signal;
  const gate = (limits: Parameters<typeof createPullGate>[0], now = () => 0) =>
    createPullGate(limits, { ...systemHost.clock, monotonic: now });

  it.each([1, 3])('run %i at once, the others in their order', async (parallel) => {
    const turns = gate({ parallel, perSecond: 0, burst: 0 });
    const order: number[] = [];
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        turns.run(async () => {
          order.push(index);
          most = Math.max(most, ++running);
          await new Promise(setImmediate);
          running -= 1;
        }, never),
      ),
    );
    expect(most).toBe(parallel);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
  it('that are given up in the queue leave it', async () => {
    const turns = gate({ parallel: 1, perSecond: 0, burst: 0 });
    const stop = new AbortController();
    let end = (): void => undefined;
    const first = turns.run(() => new Promise<void>((resolve) => (end = resolve)), never);
    const second = turns.run(async () => 'second', stop.signal);
    stop.abort(new Error('given up'));
    await expect(second).rejects.toThrow('given up');
    end();
    await first;
    expect(await turns.run(async () => 'third', never)).toBe('third');
  });
  it('that fail make room', async () => {
    const turns = gate({ parallel: 1, perSecond: 0, burst: 0 });
    await expect(turns.run(() => Promise.reject(new Error('no')), never)).rejects.toThrow('no');
    expect(await turns.run(async () => 1, never)).toBe(1);
  });
  it('begin no faster than allowed', async () => {
    let now = 0;
    const turns = gate({ parallel: 9, perSecond: 2, burst: 3 }, () => now);
    const one = (): Promise<string> => turns.run(async () => 'ok', never).catch((error: unknown) => String(error));
    expect([await one(), await one(), await one(), await one()]).toEqual(['ok', 'ok', 'ok', 'Error: pull QPS exceeded']);
    now = 500;
    expect([await one(), await one()]).toEqual(['ok', 'Error: pull QPS exceeded']);
  });
});

describe('programs that know credentials', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'nodelet-providers-'));
    mkdirSync(join(dir, 'bin'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const V1 = 'credentialprovider.kubelet.k8s.io/v1';
  const answer = (more: object = {}): object => ({
    apiVersion: V1,
    kind: 'CredentialProviderResponse',
    cacheKeyType: 'Registry',
    auth: { '*.cloud.example': { username: 'me', password: 'pw' } },
    ...more,
  });
  const provider = (name: string, said: string, more: object = {}): object => {
    writeFileSync(
      join(dir, 'bin', name),
      `#!/bin/sh\ncat >>'${dir}/${name}.asked'; echo "$GREETING $*" >>'${dir}/${name}.asked'\n${said}\n`,
    );
    chmodSync(join(dir, 'bin', name), 0o755);
    return { name, apiVersion: V1, matchImages: ['*.cloud.example'], defaultCacheDuration: '10m', ...more };
  };
  const open = (providers: readonly unknown[], host: Host = systemHost) => {
    const config = join(dir, 'config.yaml');
    writeFileSync(config, JSON.stringify({ apiVersion: 'kubelet.config.k8s.io/v1', kind: 'CredentialProviderConfig', providers }));
    return openCredentialProviders({ config, binDir: join(dir, 'bin'), host, log: silentLogger });
  };
  const asked = (name: string): number => readFileSync(join(dir, `${name}.asked`), 'utf8').match(/CredentialProviderRequest/g)?.length ?? 0;

  it('are asked on their standard input for the images that they are meant for', async () => {
    const said = `echo '${JSON.stringify(answer())}'`;
    const providers = await open([provider('good', said, { args: ['--a', 'b'], env: [{ name: 'GREETING', value: 'hello' }] })]);
    expect(await providers.credentials('other.example/x')).toEqual([]);
    expect(await providers.credentials('r.cloud.example/team/x:1')).toEqual([
      { registry: '*.cloud.example', auth: { username: 'me', password: 'pw' } },
    ]);
    expect(readFileSync(join(dir, 'good.asked'), 'utf8')).toBe(
      `{"kind":"CredentialProviderRequest","apiVersion":"${V1}","image":"r.cloud.example/team/x"}hello --a b\n`,
    );
  });
  it.each([
    ['Image', [1, 2, 3]],
    ['Registry', [1, 1, 2]],
    ['Global', [1, 1, 1]],
  ])('are believed for as long as they say: by %s', async (cacheKeyType, counts) => {
    const name = `by-${cacheKeyType}`;
    const providers = await open([provider(name, `echo '${JSON.stringify(answer({ cacheKeyType }))}'`)]);
    for (const [index, image] of ['a.cloud.example/x', 'a.cloud.example/y', 'b.cloud.example/x'].entries()) {
      await providers.credentials(image);
      await providers.credentials(image);
      expect([index, asked(name)]).toEqual([index, counts[index]]);
    }
  });
  it('are asked again when their answer is too old, and each time when it must not be kept', async () => {
    let now = 0;
    const host = { ...systemHost, clock: { ...systemHost.clock, now: () => now } };
    const old = await open([provider('old', `echo '${JSON.stringify(answer({ cacheDuration: '1m' }))}'`)], host);
    for (const time of [0, 59_999, 60_001]) {
      now = time;
      await old.credentials('a.cloud.example/x');
    }
    expect(asked('old')).toBe(2);
    const never = await open([provider('never', `echo '${JSON.stringify(answer({ cacheDuration: '0s' }))}'`)]);
    await never.credentials('a.cloud.example/x');
    await never.credentials('a.cloud.example/x');
    expect(asked('never')).toBe(2);
  });
  it.each([
    ['that fail', 'echo no >&2; exit 3'],
    ['that are killed', 'kill -9 $$'],
    ['that say no JSON', 'echo hello'],
    ['that say null', 'echo null'],
    ['of another version', `echo '${JSON.stringify(answer({ apiVersion: 'v9' }))}'`],
    ['without a key to keep by', `echo '${JSON.stringify(answer({ cacheKeyType: 'All' }))}'`],
    ['that say too much', 'head -c 3000000 /dev/zero'],
  ])('%s give nothing', async (why, said) => {
    const providers = await open([provider(why.replaceAll(' ', '-'), said)]);
    expect(await providers.credentials('a.cloud.example/x')).toEqual([]);
  });
  it.each([
    [[], /at least 1 item/],
    [[{ name: 'x' }], /apiVersion of x: unsupported value/],
    [[{ name: '../x', apiVersion: V1 }], /plain file name/],
    [[{ name: 'x', apiVersion: V1 }], /matchImages of x/],
    [[{ name: 'x', apiVersion: V1, matchImages: ['a'] }], /defaultCacheDuration of x is required/],
    [[{ name: 'x', apiVersion: V1, matchImages: ['a'], defaultCacheDuration: '-1s' }], /must be greater/],
    [[{ name: 'absent', apiVersion: V1, matchImages: ['a'], defaultCacheDuration: '1s' }], /absent did not exist$/],
    [[null], /name is required/],
  ])('configured as %j are refused at the start', async (providers, message) => {
    await expect(open(providers)).rejects.toThrow(message);
  });
});

describe('the node’s own credentials', () => {
  it('are those of config.json in the kubelet’s directory', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'nodelet-config-'));
    const auth = Buffer.from('a:b').toString('base64');
    writeFileSync(join(dir, 'config.json'), JSON.stringify({ auths: { 'r.example': { auth } }, credsStore: 'x' }));
    const credentials = openNodeCredentials(systemHost, dir);
    expect(await credentials('r.example/x')).toEqual([{ registry: 'r.example', auth: { username: 'a', password: 'b' } }]);
    rmSync(dir, { recursive: true });
  });
});

it('docker configurations and places of any shape are read or passed over', () => {
  fc.assert(fc.property(fc.json(), fc.boolean(), (text, hasAuths) => Array.isArray(dockerCredentials(text, hasAuths))));
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.anything()), (auths) =>
      Array.isArray(dockerCredentials(JSON.stringify({ auths }) ?? '', true)),
    ),
  );
  fc.assert(fc.property(fc.string({ maxLength: 300 }), fc.string({ maxLength: 300 }), (a, b) => typeof placeMatches(a, b) === 'boolean'));
  expect(placeMatches(`${'*a'.repeat(200)}b`, 'a'.repeat(400))).toBe(false);
});
