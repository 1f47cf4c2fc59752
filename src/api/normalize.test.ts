import { describe, expect, it } from 'vitest';
import { normalize } from './normalize.ts';

const text = (value: unknown): string => JSON.stringify(value);

describe('normalize', () => {
  it('shows what Go shows of an empty pod', () => {
    expect(text(normalize('core/v1.Pod', {}))).toBe('{"metadata":{},"spec":{"containers":null},"status":{}}');
  });

  it('puts kind, apiVersion and fields into the order of the type', () => {
    const value = {
      spec: { containers: [{ image: 'i', name: 'c' }] },
      metadata: { labels: { b: '1', a: '2' }, name: 'n' },
      apiVersion: 'v1',
      kind: 'Pod',
    };
    expect(text(normalize('core/v1.Pod', value))).toBe(
      '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"n","labels":{"a":"2","b":"1"}},"spec":{"containers":[{"name":"c","image":"i","resources":{}}]},"status":{}}',
    );
  });

  it('leaves zero values out unless a pointer keeps them', () => {
    const value = { spec: { hostNetwork: false, priority: 0, nodeName: '', volumes: [], nodeSelector: {}, containers: [] } };
    expect(normalize('core/v1.Pod', value)['spec']).toEqual({ priority: 0, containers: null });
  });

  it('shows times that are not set as null where Go does', () => {
    const value = { status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }] } };
    expect(text(normalize('core/v1.Pod', value)['status'])).toBe(
      '{"conditions":[{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-01-01T00:00:00Z"}]}',
    );
    expect(text(normalize('core/v1.Event', { involvedObject: {} }))).toBe(
      '{"metadata":{},"involvedObject":{},"source":{},"firstTimestamp":null,"lastTimestamp":null,"eventTime":null,"reportingComponent":"","reportingInstance":""}',
    );
  });

  it('shows a role without rules as null and a service with its load balancer', () => {
    expect(text(normalize('rbac/v1.ClusterRole', { metadata: { name: 'x' }, rules: [] }))).toBe('{"metadata":{"name":"x"},"rules":null}');
    expect(text(normalize('core/v1.Service', { spec: { ports: [{ port: 80 }] } }))).toBe(
      '{"metadata":{},"spec":{"ports":[{"port":80,"targetPort":0}]},"status":{"loadBalancer":{}}}',
    );
  });

  it('keeps empty objects behind pointers and leaves the input alone', () => {
    const value = { spec: { securityContext: {}, containers: [], volumes: [{ name: 'v', emptyDir: {} }] } };
    const before = text(value);
    expect(normalize('core/v1.Pod', value)['spec']).toEqual({
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: null,
      securityContext: {},
    });
    expect(text(value)).toBe(before);
  });
});
