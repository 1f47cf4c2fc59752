import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkpointText, parseCheckpoint, type CheckpointData } from './checkpoint.ts';
import { isExtendedResource, registrationProblem } from './registration.ts';
import { deviceSettings } from './settings.ts';

describe('a registration', () => {
  const request = { version: 'v1beta1', endpoint: 'x.sock', resourceName: 'example.com/dev' };

  it('is good with a qualified name and a socket in the folder', () => {
    expect(registrationProblem(request)).toBeUndefined();
    expect(registrationProblem({ ...request, endpoint: 'sub/x.sock' })).toBeUndefined();
  });

  it.each([
    ['', 'requested API version "" is not supported by kubelet. Supported version is ["v1beta1"]'],
    ['v1alpha1', 'requested API version "v1alpha1" is not supported by kubelet. Supported version is ["v1beta1"]'],
    ['v1beta1\n', 'requested API version "v1beta1\\n" is not supported by kubelet. Supported version is ["v1beta1"]'],
  ])('of the version %j is refused', (version, message) => {
    expect(registrationProblem({ ...request, version })).toBe(message);
  });

  it.each([
    '',
    'cpu',
    'dev',
    'kubernetes.io/dev',
    'x.kubernetes.io/dev',
    'requests.example.com/dev',
    'example.com/',
    '/dev',
    'a b/c',
    'a/b/c',
  ])('for the resource %j is refused', (resourceName) => {
    expect(isExtendedResource(resourceName)).toBe(false);
    expect(registrationProblem({ ...request, resourceName })).toBe(`the ResourceName "${resourceName}" is invalid`);
  });

  it.each(['', '.', '/', '../x', '..', 'a/../../x', './../x.sock', 'a\0b', 'x'.repeat(108)])(
    'whose socket is %j is refused: the kubelet talks to none outside of the folder',
    (endpoint) => {
      expect(registrationProblem({ ...request, endpoint })).toContain('is not a socket in the device plugin directory');
    },
  );

  it('says something of any input, and lets nothing out of the folder', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (endpoint, resourceName) => {
        const problem = registrationProblem({ ...request, endpoint, resourceName });
        if (problem === undefined) expect(endpoint.split('/')).not.toContain('..');
      }),
    );
  });
});

describe('the checkpoint', () => {
  // Written by the original's own code.
  const originals = [
    '{"Data":{"PodDeviceEntries":null,"RegisteredDevices":{}},"Checksum":3467439661}',
    '{"Data":{"PodDeviceEntries":[],"RegisteredDevices":{"example.com/dev":[]}},"Checksum":3833877293}',
    '{"Data":{"PodDeviceEntries":[{"PodUID":"u-1","ContainerName":"c \\"q\\" ü","ResourceName":"example.com/dev","DeviceIDs":{"-1":["d1","d0"],"0":["x"],"10":["y"],"2":[]},"AllocResp":"CgkA/0E="},{"PodUID":"u-2","ContainerName":"c","ResourceName":"example.com/dev","DeviceIDs":{},"AllocResp":""},{"PodUID":"u-3","ContainerName":"c\\n\\u003c\\u0026\\u003e\\u2028\\u0001","ResourceName":"example.com/dev","DeviceIDs":null,"AllocResp":null}],"RegisteredDevices":{"example.com/dev":["d0","d1"],"example.com/z":null}},"Checksum":1398495308}',
  ];

  it.each(originals)('of the original is read: %s', (text) => {
    const { Data } = JSON.parse(text) as { Data: CheckpointData };
    expect(parseCheckpoint(text)).toEqual(Data);
    expect(JSON.parse(checkpointText(Data))).toEqual(JSON.parse(text));
  });

  it('that was changed by hand is not believed', () => {
    expect(() => parseCheckpoint((originals[2] ?? '').replace('"d0"', '"d9"'))).toThrow('checkpoint is corrupted');
  });

  it.each(['', 'null', '[]', '{}', '{"Data":null}', '{"Data":{"PodDeviceEntries":[1],"RegisteredDevices":{}},"Checksum":1}'])(
    'that says %j is none',
    (text) => {
      expect(() => parseCheckpoint(text)).toThrow();
    },
  );

  it('comes back as it was written, whatever the names are', () => {
    const names = fc.option(fc.array(fc.string(), { maxLength: 3 }));
    const entry = fc.record({
      PodUID: fc.string(),
      ContainerName: fc.string(),
      ResourceName: fc.string(),
      DeviceIDs: fc.option(fc.dictionary(fc.integer({ min: -1, max: 20 }).map(String), names)),
      AllocResp: fc.option(fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64'))),
    });
    const data = fc.record({
      PodDeviceEntries: fc.option(fc.array(entry, { maxLength: 3 })),
      RegisteredDevices: fc.option(fc.dictionary(fc.string(), names)),
    });
    fc.assert(
      fc.property(data, (given) => {
        expect(parseCheckpoint(checkpointText(given))).toEqual(JSON.parse(JSON.stringify(given)));
      }),
    );
  });

  it('of random bytes is an error and nothing worse', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(() => parseCheckpoint(text)).toThrow();
      }),
    );
  });
});

describe('the answers of several plugins', () => {
  const answer = {
    $typeName: 'v1beta1.ContainerAllocateResponse' as const,
    envs: {},
    mounts: [],
    devices: [],
    annotations: {},
    cdiDevices: [],
  };
  const mount = (containerPath: string, hostPath: string, readOnly = false) => ({
    $typeName: 'v1beta1.Mount' as const,
    containerPath,
    hostPath,
    readOnly,
  });

  it('are put together; the first that says something of a name counts', () => {
    const settings = deviceSettings([
      { ...answer, envs: { A: '1' }, mounts: [mount('/x', '/h/1', true)], annotations: { k: 'v' } },
      { ...answer, envs: { A: '2', B: '3' }, mounts: [mount('/x', '/h/2'), mount('/y', '/h/3')], annotations: { k: 'w' } },
    ]);
    expect(Object.fromEntries(settings.envs)).toEqual({ A: '1', B: '3' });
    expect(settings.mounts).toEqual([
      { containerPath: '/x', hostPath: '/h/1', readonly: true, propagation: 'private' },
      { containerPath: '/y', hostPath: '/h/3', readonly: false, propagation: 'private' },
    ]);
    expect(settings.annotations).toEqual({ k: 'v' });
  });
});
