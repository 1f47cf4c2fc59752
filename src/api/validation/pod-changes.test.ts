import { describe, expect, it } from 'vitest';
import { applyDefaults } from '../defaults/defaults.ts';
import { prepareForCreate, prepareForUpdate } from '../defaults/prepare.ts';
import { fieldErrorText } from '../field-errors.ts';
import { resources } from '../resources.ts';
import { validateCreate, validateUpdate } from './validate.ts';

type Json = Record<string, unknown>;

const container = (name: string, more: Json = {}): Json => ({ name, image: 'busybox', ...more });
function stored(spec: Json, more: Json = {}): Json {
  const pod = { metadata: { name: 'p', namespace: 'default', uid: 'u', resourceVersion: '1', ...(more['metadata'] as Json) }, spec };
  applyDefaults('core/v1.Pod', pod);
  prepareForCreate(resources.pods, pod);
  return Object.assign(
    pod,
    more['status'] === undefined ? {} : { status: { ...((pod as Json)['status'] as Json), ...(more['status'] as Json) } },
  );
}
function changed(before: Json, change: (spec: Json) => void, subresource = ''): { pod: Json; faults: string[] } {
  const pod = structuredClone(before);
  change(pod['spec'] as Json);
  applyDefaults('core/v1.Pod', pod);
  prepareForUpdate(resources.pods, pod, structuredClone(before), subresource);
  return { pod, faults: validateUpdate(resources.pods, pod, before, subresource).map(fieldErrorText) };
}

describe('scheduling gates', () => {
  const gated = (): Json =>
    stored({
      containers: [container('c')],
      schedulingGates: [{ name: 'a' }, { name: 'b' }],
      nodeSelector: { disk: 'ssd' },
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'k', operator: 'Exists' }] }],
          },
        },
      },
    });
  const terms = (spec: Json): Json[] =>
    (spec['affinity'] as { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: Json[] } } }).nodeAffinity
      .requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms;

  it('are said in the status of a new pod', () => {
    expect(gated()['status']).toMatchObject({
      conditions: [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'SchedulingGated',
          message: 'Scheduling is blocked due to non-empty scheduling gates',
        },
      ],
    });
    expect(stored({ containers: [container('c')] })['status']).not.toHaveProperty('conditions');
  });

  it('have names that are names, each once, and hold a pod back from every node', () => {
    const pod = stored({ containers: [container('c')], schedulingGates: [{ name: 'a' }, { name: 'a' }, { name: '-x' }], nodeName: 'n' });
    const faults = validateCreate(resources.pods, pod).map(fieldErrorText);
    expect(faults[0]).toBe('spec.schedulingGates[1]: Duplicate value: "a"');
    expect(faults[1]).toMatch(/^spec\.schedulingGates\[2\]: Invalid value: "-x": name part must consist of/);
    expect(faults[2]).toBe('spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared');
  });

  const cases: readonly [string, (spec: Json) => void, string[]][] = [
    ['may go one by one', (spec) => void (spec['schedulingGates'] = [{ name: 'b' }]), []],
    ['may go at once', (spec) => void delete spec['schedulingGates'], []],
    [
      'may not be added',
      (spec) => void (spec['schedulingGates'] = [{ name: 'a' }, { name: 'c' }]),
      ["spec.schedulingGates[1].name: Forbidden: only deletion is allowed, but found new scheduling gate 'c'"],
    ],
    ['let more be asked of the node', (spec) => void (spec['nodeSelector'] = { disk: 'ssd', zone: 'z' }), []],
    [
      'keep what was asked of the node',
      (spec) => void (spec['nodeSelector'] = { zone: 'z', disk: 'hdd' }),
      [
        'spec.nodeSelector: Invalid value: {"disk":"hdd","zone":"z"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
      ],
    ],
    [
      'let a term of the affinity ask for more',
      (spec) => {
        terms(spec)[0] = {
          matchExpressions: [
            { key: 'k', operator: 'Exists' },
            { key: 'l', operator: 'Exists' },
          ],
        };
      },
      [],
    ],
    [
      'keep what a term of the affinity asked for',
      (spec) => {
        terms(spec)[0] = { matchExpressions: [{ key: 'l', operator: 'Exists' }] };
      },
      [
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0]: Invalid value: ' +
          '{"MatchExpressions":[{"Key":"l","Operator":"Exists","Values":null}],"MatchFields":null}: only additions are allowed (no mutations or deletions)',
      ],
    ],
    [
      'keep the number of the terms',
      (spec) => {
        terms(spec).push({ matchExpressions: [{ key: 'l', operator: 'Exists' }] });
      },
      [
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Invalid value: ' +
          '[{"MatchExpressions":[{"Key":"k","Operator":"Exists","Values":null}],"MatchFields":null},{"MatchExpressions":[{"Key":"l","Operator":"Exists","Values":null}],"MatchFields":null}]: ' +
          'no additions/deletions to non-empty NodeSelectorTerms list are allowed',
      ],
    ],
  ];
  it.each(cases)('%s', (_name, change, faults) => {
    expect(changed(gated(), change).faults).toEqual(faults);
  });

  it('gone, nothing of the placement may change any more', () => {
    const [fault = ''] = changed(stored({ containers: [container('c')] }), (spec) => void (spec['nodeSelector'] = { a: 'b' })).faults;
    expect(fault).toMatch(/^spec: Forbidden: pod updates may not change fields other than/);
  });
});

describe('a resize', () => {
  const requests = (cpu: string, memory = '64Mi'): Json => ({ resources: { requests: { cpu, memory } } });
  const running = (more: Json = {}): Json =>
    stored({ containers: [container('a', requests('100m')), container('b')], initContainers: [container('i')] }, more);
  const main = (spec: Json, i = 0): Json => (spec['containers'] as Json[])[i] as Json;

  it('changes resources and resize policies alone', () => {
    const { pod, faults } = changed(
      running(),
      (spec) => {
        main(spec)['resources'] = { requests: { cpu: '200m', memory: '64Mi' } };
        main(spec)['image'] = 'other';
        spec['hostNetwork'] = true;
      },
      'resize',
    );
    expect(faults).toEqual([]);
    expect(pod['spec']).toMatchObject({ containers: [{ image: 'busybox', resources: { requests: { cpu: '200m' } } }, {}] });
    expect(pod['spec']).not.toHaveProperty('hostNetwork');
    expect(pod['metadata']).toMatchObject({ generation: 2 });
  });

  const cases: readonly [string, (spec: Json) => void, string[]][] = [
    [
      'cannot make a pod of another class',
      (spec) => {
        for (const i of [0, 1])
          main(spec, i)['resources'] = { requests: { cpu: '1', memory: '64Mi' }, limits: { cpu: '1', memory: '64Mi' } };
        (spec['initContainers'] as Json[])[0] = container('i', { resources: { limits: { cpu: '1', memory: '64Mi' } } });
      },
      ['spec: Invalid value: "Burstable": Pod QOS Class may not change as a result of resizing'],
    ],
    [
      'cannot take a request away',
      (spec) => void (main(spec)['resources'] = { requests: { cpu: '1' } }),
      ['spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed'],
    ],
    [
      'cannot touch other resources',
      (spec) => void (main(spec)['resources'] = { requests: { cpu: '1', memory: '64Mi', 'ephemeral-storage': '1Gi' } }),
      ['spec: Forbidden: only cpu and memory resources are mutable'],
    ],
    [
      'cannot add a container',
      (spec) => void (spec['containers'] as Json[]).push(container('c')),
      ['spec.containers: Forbidden: containers may not be added or removed on resize'],
    ],
    [
      'cannot change the order of containers',
      (spec) => void (spec['containers'] = (spec['containers'] as Json[]).toReversed()),
      [
        'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize',
        'spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize',
      ],
    ],
    [
      'keeps to the rules of every pod',
      (spec) => void (main(spec)['resources'] = { requests: { cpu: '2', memory: '64Mi' }, limits: { cpu: '1' } }),
      ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ],
  ];
  it.each(cases)('%s', (_name, change, faults) => {
    expect(changed(running(), change, 'resize').faults).toEqual(faults);
  });

  it('is refused whole where nothing can be resized', () => {
    const mirror = running({ metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } });
    expect(changed(mirror, () => undefined, 'resize').faults).toEqual([': Forbidden: static pods cannot be resized']);
    const old = running({ status: { containerStatuses: [{ name: 'a', state: { running: {} } }] } });
    expect(changed(old, () => undefined, 'resize').faults).toEqual(['spec: Forbidden: Pod running on node without support for resize']);
  });
});

describe('resize policies', () => {
  it.each([
    [[{ resourceName: 'cpu', restartPolicy: 'NotRequired' }], 'Always', []],
    [
      [{ resourceName: 'disk', restartPolicy: 'NotRequired' }],
      'Always',
      ['spec.containers[0].resizePolicy: Unsupported value: "disk": supported values: "cpu", "memory"'],
    ],
    [
      [{ resourceName: 'cpu', restartPolicy: 'Maybe' }],
      'Always',
      ['spec.containers[0].resizePolicy: Unsupported value: "Maybe": supported values: "NotRequired", "RestartContainer"'],
    ],
    [
      [
        { resourceName: 'cpu', restartPolicy: 'NotRequired' },
        { resourceName: 'cpu', restartPolicy: 'NotRequired' },
      ],
      'Always',
      ['spec.containers[0].resizePolicy[1]: Duplicate value: "cpu"'],
    ],
    [
      [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }],
      'Never',
      ["spec.containers[0].resizePolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when pod `restartPolicy` is 'Never'"],
    ],
  ])('%j of a pod that restarts %s', (resizePolicy, restartPolicy, faults) => {
    const pod = stored({ containers: [container('c', { resizePolicy })], restartPolicy });
    expect(validateCreate(resources.pods, pod).map(fieldErrorText)).toEqual(faults);
  });
});
