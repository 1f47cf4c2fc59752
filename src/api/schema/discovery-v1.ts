import type { TypeTable } from './record.ts';

/** The types of package discovery/v1. */
export const discoveryV1 = {
  'discovery/v1.Endpoint': {
    fields: {
      addresses: { type: 'string', tag: 1, list: 'set', required: true },
      conditions: { type: 'discovery/v1.EndpointConditions', tag: 2, written: true },
      hostname: { type: 'string', tag: 3, pointer: true },
      targetRef: { type: 'core/v1.ObjectReference', tag: 4 },
      deprecatedTopology: { type: 'string', map: true, tag: 5 },
      nodeName: { type: 'string', tag: 6, pointer: true },
      zone: { type: 'string', tag: 7, pointer: true },
      hints: { type: 'discovery/v1.EndpointHints', tag: 8 },
    },
  },
  'discovery/v1.EndpointConditions': {
    fields: {
      ready: { type: 'bool', tag: 1, pointer: true },
      serving: { type: 'bool', tag: 2, pointer: true },
      terminating: { type: 'bool', tag: 3, pointer: true },
    },
  },
  'discovery/v1.EndpointHints': {
    fields: {
      forZones: { type: 'discovery/v1.ForZone', tag: 1, list: 'atomic' },
      forNodes: { type: 'discovery/v1.ForNode', tag: 2, list: 'atomic' },
    },
  },
  'discovery/v1.EndpointPort': {
    atomic: true,
    fields: {
      name: { type: 'string', tag: 1, pointer: true },
      protocol: { type: 'string', tag: 2, pointer: true, go: 'v1.Protocol' },
      port: { type: 'int32', tag: 3, pointer: true },
      appProtocol: { type: 'string', tag: 4, pointer: true },
    },
  },
  'discovery/v1.EndpointSlice': {
    gvk: [{ group: 'discovery.k8s.io', version: 'v1', kind: 'EndpointSlice' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      addressType: { type: 'string', tag: 4, required: true, go: 'v1.AddressType' },
      endpoints: { type: 'discovery/v1.Endpoint', tag: 2, list: 'atomic', required: true, optional: true },
      ports: { type: 'discovery/v1.EndpointPort', tag: 3, list: 'atomic', required: true, optional: true },
    },
  },
  'discovery/v1.ForNode': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
    },
  },
  'discovery/v1.ForZone': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
    },
  },
} as const satisfies TypeTable;
