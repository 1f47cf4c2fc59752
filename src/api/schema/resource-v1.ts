import type { TypeTable } from './record.ts';

/** The types of package resource/v1. */
export const resourceV1 = {
  'resource/v1.AllocatedDeviceStatus': {
    fields: {
      driver: { type: 'string', tag: 1, required: true },
      pool: { type: 'string', tag: 2, required: true },
      device: { type: 'string', tag: 3, required: true },
      shareID: { type: 'string', tag: 7, pointer: true },
      conditions: { type: 'meta/v1.Condition', tag: 4, list: 'map', keys: ['type'], written: true },
      data: { type: 'raw', tag: 5, pointer: true },
      networkData: { type: 'resource/v1.NetworkDeviceData', tag: 6 },
    },
  },
  'resource/v1.AllocationResult': {
    fields: {
      devices: { type: 'resource/v1.DeviceAllocationResult', tag: 1, written: true },
      nodeSelector: { type: 'core/v1.NodeSelector', tag: 3 },
      allocationTimestamp: { type: 'time', tag: 5, pointer: true },
    },
  },
  'resource/v1.CELDeviceSelector': {
    fields: {
      expression: { type: 'string', tag: 1, required: true },
    },
  },
  'resource/v1.CapacityRequestPolicy': {
    fields: {
      default: { type: 'quantity', tag: 1, pointer: true, written: true },
      validValues: { type: 'quantity', tag: 3, list: 'atomic' },
      validRange: { type: 'resource/v1.CapacityRequestPolicyRange', tag: 4 },
    },
  },
  'resource/v1.CapacityRequestPolicyRange': {
    fields: {
      min: { type: 'quantity', tag: 1, required: true, pointer: true, written: false },
      max: { type: 'quantity', tag: 2, pointer: true },
      step: { type: 'quantity', tag: 3, pointer: true },
    },
  },
  'resource/v1.CapacityRequirements': {
    fields: {
      requests: { type: 'quantity', map: true, tag: 1, go: 'map[v1.QualifiedName]resource.Quantity' },
    },
  },
  'resource/v1.Counter': {
    fields: {
      value: { type: 'quantity', tag: 1, required: true },
    },
  },
  'resource/v1.CounterSet': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      counters: { type: 'resource/v1.Counter', map: true, tag: 2, required: true, written: false },
    },
  },
  'resource/v1.Device': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      attributes: { type: 'resource/v1.DeviceAttribute', map: true, tag: 2, go: 'map[v1.QualifiedName]v1.DeviceAttribute' },
      capacity: { type: 'resource/v1.DeviceCapacity', map: true, tag: 3, go: 'map[v1.QualifiedName]v1.DeviceCapacity' },
      consumesCounters: { type: 'resource/v1.DeviceCounterConsumption', tag: 4, list: 'atomic' },
      nodeName: { type: 'string', tag: 5, pointer: true },
      nodeSelector: { type: 'core/v1.NodeSelector', tag: 6 },
      allNodes: { type: 'bool', tag: 7, pointer: true },
      taints: { type: 'resource/v1.DeviceTaint', tag: 8, list: 'atomic' },
      bindsToNode: { type: 'bool', tag: 9, pointer: true },
      bindingConditions: { type: 'string', tag: 10, list: 'atomic' },
      bindingFailureConditions: { type: 'string', tag: 11, list: 'atomic' },
      allowMultipleAllocations: { type: 'bool', tag: 12, pointer: true },
      nodeAllocatableResourceMappings: {
        type: 'resource/v1.NodeAllocatableResourceMapping',
        map: true,
        tag: 13,
        go: 'map[v1.ResourceName]v1.NodeAllocatableResourceMapping',
      },
    },
  },
  'resource/v1.DeviceAllocationConfiguration': {
    fields: {
      source: { type: 'string', tag: 1, required: true, go: 'v1.AllocationConfigSource' },
      requests: { type: 'string', tag: 2, list: 'atomic' },
      deviceConfiguration: { type: 'resource/v1.DeviceConfiguration', tag: 3, inline: true },
    },
  },
  'resource/v1.DeviceAllocationResult': {
    fields: {
      results: { type: 'resource/v1.DeviceRequestAllocationResult', tag: 1, list: 'atomic' },
      config: { type: 'resource/v1.DeviceAllocationConfiguration', tag: 2, list: 'atomic' },
    },
  },
  'resource/v1.DeviceAttribute': {
    fields: {
      int: { type: 'int64', tag: 2, pointer: true },
      bool: { type: 'bool', tag: 3, pointer: true },
      string: { type: 'string', tag: 4, pointer: true },
      version: { type: 'string', tag: 5, pointer: true },
      ints: { type: 'int64', tag: 6, list: 'atomic' },
      bools: { type: 'bool', tag: 7, list: 'atomic' },
      strings: { type: 'string', tag: 8, list: 'atomic' },
      versions: { type: 'string', tag: 9, list: 'atomic' },
    },
  },
  'resource/v1.DeviceCapacity': {
    fields: {
      value: { type: 'quantity', tag: 1, required: true },
      requestPolicy: { type: 'resource/v1.CapacityRequestPolicy', tag: 2 },
    },
  },
  'resource/v1.DeviceClaim': {
    fields: {
      requests: { type: 'resource/v1.DeviceRequest', tag: 1, list: 'atomic', written: true },
      constraints: { type: 'resource/v1.DeviceConstraint', tag: 2, list: 'atomic' },
      config: { type: 'resource/v1.DeviceClaimConfiguration', tag: 3, list: 'atomic' },
    },
  },
  'resource/v1.DeviceClaimConfiguration': {
    fields: {
      requests: { type: 'string', tag: 1, list: 'atomic' },
      deviceConfiguration: { type: 'resource/v1.DeviceConfiguration', tag: 2, inline: true },
    },
  },
  'resource/v1.DeviceClass': {
    gvk: [{ group: 'resource.k8s.io', version: 'v1', kind: 'DeviceClass' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'resource/v1.DeviceClassSpec', tag: 2, required: true },
    },
  },
  'resource/v1.DeviceClassConfiguration': {
    fields: {
      deviceConfiguration: { type: 'resource/v1.DeviceConfiguration', tag: 1, inline: true },
    },
  },
  'resource/v1.DeviceClassSpec': {
    fields: {
      selectors: { type: 'resource/v1.DeviceSelector', tag: 1, list: 'atomic' },
      config: { type: 'resource/v1.DeviceClassConfiguration', tag: 2, list: 'atomic' },
      extendedResourceName: { type: 'string', tag: 4, pointer: true },
    },
  },
  'resource/v1.DeviceConfiguration': {
    fields: {
      opaque: { type: 'resource/v1.OpaqueDeviceConfiguration', tag: 1 },
    },
  },
  'resource/v1.DeviceConstraint': {
    fields: {
      requests: { type: 'string', tag: 1, list: 'atomic' },
      matchAttribute: { type: 'string', tag: 2, pointer: true, go: 'v1.FullyQualifiedName' },
      distinctAttribute: { type: 'string', tag: 3, pointer: true, go: 'v1.FullyQualifiedName' },
    },
  },
  'resource/v1.DeviceCounterConsumption': {
    fields: {
      counterSet: { type: 'string', tag: 1, required: true },
      counters: { type: 'resource/v1.Counter', map: true, tag: 2, required: true, written: false },
    },
  },
  'resource/v1.DeviceRequest': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      exactly: { type: 'resource/v1.ExactDeviceRequest', tag: 2 },
      firstAvailable: { type: 'resource/v1.DeviceSubRequest', tag: 3, list: 'atomic' },
    },
  },
  'resource/v1.DeviceRequestAllocationResult': {
    fields: {
      request: { type: 'string', tag: 1, required: true },
      driver: { type: 'string', tag: 2, required: true },
      pool: { type: 'string', tag: 3, required: true },
      device: { type: 'string', tag: 4, required: true },
      adminAccess: { type: 'bool', tag: 5, pointer: true },
      tolerations: { type: 'resource/v1.DeviceToleration', tag: 6, list: 'atomic' },
      bindingConditions: { type: 'string', tag: 7, list: 'atomic' },
      bindingFailureConditions: { type: 'string', tag: 8, list: 'atomic' },
      shareID: { type: 'string', tag: 9, pointer: true, go: 'types.UID' },
      consumedCapacity: { type: 'quantity', map: true, tag: 10, go: 'map[v1.QualifiedName]resource.Quantity' },
    },
  },
  'resource/v1.DeviceSelector': {
    fields: {
      cel: { type: 'resource/v1.CELDeviceSelector', tag: 1 },
    },
  },
  'resource/v1.DeviceSubRequest': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      deviceClassName: { type: 'string', tag: 2, required: true },
      selectors: { type: 'resource/v1.DeviceSelector', tag: 3, list: 'atomic' },
      allocationMode: { type: 'string', tag: 4, go: 'v1.DeviceAllocationMode' },
      count: { type: 'int64', tag: 5 },
      tolerations: { type: 'resource/v1.DeviceToleration', tag: 6, list: 'atomic' },
      capacity: { type: 'resource/v1.CapacityRequirements', tag: 7 },
    },
  },
  'resource/v1.DeviceTaint': {
    fields: {
      key: { type: 'string', tag: 1, required: true },
      value: { type: 'string', tag: 2 },
      effect: { type: 'string', tag: 3, required: true, go: 'v1.DeviceTaintEffect' },
      timeAdded: { type: 'time', tag: 4, pointer: true },
    },
  },
  'resource/v1.DeviceToleration': {
    fields: {
      key: { type: 'string', tag: 1 },
      operator: { type: 'string', tag: 2, go: 'v1.DeviceTolerationOperator', default: 'Equal' },
      value: { type: 'string', tag: 3 },
      effect: { type: 'string', tag: 4, go: 'v1.DeviceTaintEffect' },
      tolerationSeconds: { type: 'int64', tag: 5, pointer: true },
    },
  },
  'resource/v1.ExactDeviceRequest': {
    fields: {
      deviceClassName: { type: 'string', tag: 1, required: true },
      selectors: { type: 'resource/v1.DeviceSelector', tag: 2, list: 'atomic' },
      allocationMode: { type: 'string', tag: 3, go: 'v1.DeviceAllocationMode' },
      count: { type: 'int64', tag: 4 },
      adminAccess: { type: 'bool', tag: 5, pointer: true },
      tolerations: { type: 'resource/v1.DeviceToleration', tag: 6, list: 'atomic' },
      capacity: { type: 'resource/v1.CapacityRequirements', tag: 7 },
    },
  },
  'resource/v1.NetworkDeviceData': {
    fields: {
      interfaceName: { type: 'string', tag: 1 },
      ips: { type: 'string', tag: 2, list: 'atomic' },
      hardwareAddress: { type: 'string', tag: 3 },
    },
  },
  'resource/v1.NodeAllocatableResourceMapping': {
    fields: {
      capacityKey: { type: 'string', tag: 1, pointer: true, go: 'v1.QualifiedName' },
      allocationMultiplier: { type: 'quantity', tag: 2, pointer: true },
    },
  },
  'resource/v1.OpaqueDeviceConfiguration': {
    fields: {
      driver: { type: 'string', tag: 1, required: true },
      parameters: { type: 'raw', tag: 2, required: true },
    },
  },
  'resource/v1.ResourceClaim': {
    gvk: [{ group: 'resource.k8s.io', version: 'v1', kind: 'ResourceClaim' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'resource/v1.ResourceClaimSpec', tag: 2, required: true },
      status: { type: 'resource/v1.ResourceClaimStatus', tag: 3, written: true },
    },
  },
  'resource/v1.ResourceClaimConsumerReference': {
    fields: {
      apiGroup: { type: 'string', tag: 1 },
      resource: { type: 'string', tag: 3, required: true },
      name: { type: 'string', tag: 4, required: true },
      uid: { type: 'string', tag: 5, required: true, go: 'types.UID' },
    },
  },
  'resource/v1.ResourceClaimSpec': {
    fields: {
      devices: { type: 'resource/v1.DeviceClaim', tag: 1, written: true },
    },
  },
  'resource/v1.ResourceClaimStatus': {
    fields: {
      allocation: { type: 'resource/v1.AllocationResult', tag: 1 },
      reservedFor: {
        type: 'resource/v1.ResourceClaimConsumerReference',
        tag: 2,
        list: 'map',
        keys: ['uid'],
        mergeKey: 'uid',
        strategy: 'merge',
      },
      devices: { type: 'resource/v1.AllocatedDeviceStatus', tag: 4, list: 'map', keys: ['driver', 'device', 'pool', 'shareID'] },
    },
  },
  'resource/v1.ResourceClaimTemplate': {
    gvk: [{ group: 'resource.k8s.io', version: 'v1', kind: 'ResourceClaimTemplate' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'resource/v1.ResourceClaimTemplateSpec', tag: 2, required: true },
    },
  },
  'resource/v1.ResourceClaimTemplateSpec': {
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'resource/v1.ResourceClaimSpec', tag: 2, required: true },
    },
  },
  'resource/v1.ResourcePool': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      generation: { type: 'int64', tag: 2, required: true },
      resourceSliceCount: { type: 'int64', tag: 3, required: true },
    },
  },
  'resource/v1.ResourceSlice': {
    gvk: [{ group: 'resource.k8s.io', version: 'v1', kind: 'ResourceSlice' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'resource/v1.ResourceSliceSpec', tag: 2, required: true },
    },
  },
  'resource/v1.ResourceSliceSpec': {
    fields: {
      driver: { type: 'string', tag: 1, required: true },
      pool: { type: 'resource/v1.ResourcePool', tag: 2, required: true },
      nodeName: { type: 'string', tag: 3, pointer: true },
      nodeSelector: { type: 'core/v1.NodeSelector', tag: 4 },
      allNodes: { type: 'bool', tag: 5, pointer: true },
      devices: { type: 'resource/v1.Device', tag: 6, list: 'atomic' },
      perDeviceNodeSelection: { type: 'bool', tag: 7, pointer: true },
      sharedCounters: { type: 'resource/v1.CounterSet', tag: 8, list: 'atomic' },
    },
  },
} as const satisfies TypeTable;
