import type { TypeTable } from './record.ts';

/** The types of package core/v1. */
export const coreV1 = {
  'core/v1.AWSElasticBlockStoreVolumeSource': {
    fields: {
      volumeID: { type: 'string', tag: 1, required: true },
      fsType: { type: 'string', tag: 2 },
      partition: { type: 'int32', tag: 3 },
      readOnly: { type: 'bool', tag: 4 },
    },
  },
  'core/v1.Affinity': {
    fields: {
      nodeAffinity: { type: 'core/v1.NodeAffinity', tag: 1 },
      podAffinity: { type: 'core/v1.PodAffinity', tag: 2 },
      podAntiAffinity: { type: 'core/v1.PodAntiAffinity', tag: 3 },
    },
  },
  'core/v1.AppArmorProfile': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.AppArmorProfileType' },
      localhostProfile: { type: 'string', tag: 2, pointer: true },
    },
  },
  'core/v1.AttachedVolume': {
    fields: {
      name: { type: 'string', tag: 1, required: true, go: 'v1.UniqueVolumeName' },
      devicePath: { type: 'string', tag: 2, required: true },
    },
  },
  'core/v1.AvoidPods': {
    fields: {
      preferAvoidPods: { type: 'core/v1.PreferAvoidPodsEntry', tag: 1, list: 'plain' },
    },
  },
  'core/v1.AzureDiskVolumeSource': {
    fields: {
      diskName: { type: 'string', tag: 1, required: true },
      diskURI: { type: 'string', tag: 2, required: true },
      cachingMode: { type: 'string', tag: 3, pointer: true, go: 'v1.AzureDataDiskCachingMode', default: 'ReadWrite' },
      fsType: { type: 'string', tag: 4, pointer: true, default: 'ext4' },
      readOnly: { type: 'bool', tag: 5, pointer: true },
      kind: { type: 'string', tag: 6, pointer: true, go: 'v1.AzureDataDiskKind', default: 'Shared' },
    },
  },
  'core/v1.AzureFilePersistentVolumeSource': {
    fields: {
      secretName: { type: 'string', tag: 1, required: true },
      shareName: { type: 'string', tag: 2, required: true },
      readOnly: { type: 'bool', tag: 3 },
      secretNamespace: { type: 'string', tag: 4, pointer: true, written: true },
    },
  },
  'core/v1.AzureFileVolumeSource': {
    fields: {
      secretName: { type: 'string', tag: 1, required: true },
      shareName: { type: 'string', tag: 2, required: true },
      readOnly: { type: 'bool', tag: 3 },
    },
  },
  'core/v1.Binding': {
    gvk: [{ group: '', version: 'v1', kind: 'Binding' }],
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      target: { type: 'core/v1.ObjectReference', tag: 2, required: true },
    },
  },
  'core/v1.CSIPersistentVolumeSource': {
    fields: {
      driver: { type: 'string', tag: 1, required: true },
      volumeHandle: { type: 'string', tag: 2, required: true },
      readOnly: { type: 'bool', tag: 3 },
      fsType: { type: 'string', tag: 4 },
      volumeAttributes: { type: 'string', map: true, tag: 5 },
      controllerPublishSecretRef: { type: 'core/v1.SecretReference', tag: 6 },
      nodeStageSecretRef: { type: 'core/v1.SecretReference', tag: 7 },
      nodePublishSecretRef: { type: 'core/v1.SecretReference', tag: 8 },
      controllerExpandSecretRef: { type: 'core/v1.SecretReference', tag: 9 },
      nodeExpandSecretRef: { type: 'core/v1.SecretReference', tag: 10 },
    },
  },
  'core/v1.CSIVolumeSource': {
    fields: {
      driver: { type: 'string', tag: 1, required: true },
      readOnly: { type: 'bool', tag: 2, pointer: true },
      fsType: { type: 'string', tag: 3, pointer: true },
      volumeAttributes: { type: 'string', map: true, tag: 4 },
      nodePublishSecretRef: { type: 'core/v1.LocalObjectReference', tag: 5 },
    },
  },
  'core/v1.Capabilities': {
    fields: {
      add: { type: 'string', tag: 1, list: 'atomic', go: '[]v1.Capability' },
      drop: { type: 'string', tag: 2, list: 'atomic', go: '[]v1.Capability' },
    },
  },
  'core/v1.CephFSPersistentVolumeSource': {
    fields: {
      monitors: { type: 'string', tag: 1, list: 'atomic', required: true },
      path: { type: 'string', tag: 2 },
      user: { type: 'string', tag: 3 },
      secretFile: { type: 'string', tag: 4 },
      secretRef: { type: 'core/v1.SecretReference', tag: 5 },
      readOnly: { type: 'bool', tag: 6 },
    },
  },
  'core/v1.CephFSVolumeSource': {
    fields: {
      monitors: { type: 'string', tag: 1, list: 'atomic', required: true },
      path: { type: 'string', tag: 2 },
      user: { type: 'string', tag: 3 },
      secretFile: { type: 'string', tag: 4 },
      secretRef: { type: 'core/v1.LocalObjectReference', tag: 5 },
      readOnly: { type: 'bool', tag: 6 },
    },
  },
  'core/v1.CinderPersistentVolumeSource': {
    fields: {
      volumeID: { type: 'string', tag: 1, required: true },
      fsType: { type: 'string', tag: 2 },
      readOnly: { type: 'bool', tag: 3 },
      secretRef: { type: 'core/v1.SecretReference', tag: 4 },
    },
  },
  'core/v1.CinderVolumeSource': {
    fields: {
      volumeID: { type: 'string', tag: 1, required: true },
      fsType: { type: 'string', tag: 2 },
      readOnly: { type: 'bool', tag: 3 },
      secretRef: { type: 'core/v1.LocalObjectReference', tag: 4 },
    },
  },
  'core/v1.ClientIPConfig': {
    fields: {
      timeoutSeconds: { type: 'int32', tag: 1, pointer: true },
    },
  },
  'core/v1.ClusterTrustBundleProjection': {
    fields: {
      name: { type: 'string', tag: 1, pointer: true },
      signerName: { type: 'string', tag: 2, pointer: true },
      labelSelector: { type: 'meta/v1.LabelSelector', tag: 3 },
      optional: { type: 'bool', tag: 5, pointer: true },
      path: { type: 'string', tag: 4, required: true },
    },
  },
  'core/v1.ComponentCondition': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.ComponentConditionType' },
      status: { type: 'string', tag: 2, required: true, go: 'v1.ConditionStatus' },
      message: { type: 'string', tag: 3 },
      error: { type: 'string', tag: 4 },
    },
  },
  'core/v1.ComponentStatus': {
    gvk: [{ group: '', version: 'v1', kind: 'ComponentStatus' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      conditions: { type: 'core/v1.ComponentCondition', tag: 2, list: 'map', keys: ['type'], mergeKey: 'type', strategy: 'merge' },
    },
  },
  'core/v1.ConfigMap': {
    gvk: [{ group: '', version: 'v1', kind: 'ConfigMap' }],
    list: true,
    doc: 'Settings as keys and values.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true, doc: 'Name, labels and other data about the object.' },
      immutable: { type: 'bool', tag: 4, pointer: true, doc: 'The data can no longer change.' },
      data: { type: 'string', map: true, tag: 2, doc: 'Values that are text.' },
      binaryData: { type: 'bytes', map: true, tag: 3, doc: 'Values that are bytes, in base64.' },
    },
  },
  'core/v1.ConfigMapEnvSource': {
    fields: {
      localObjectReference: { type: 'core/v1.LocalObjectReference', tag: 1, inline: true },
      optional: { type: 'bool', tag: 2, pointer: true },
    },
  },
  'core/v1.ConfigMapKeySelector': {
    atomic: true,
    fields: {
      localObjectReference: { type: 'core/v1.LocalObjectReference', tag: 1, inline: true },
      key: { type: 'string', tag: 2, required: true },
      optional: { type: 'bool', tag: 3, pointer: true },
    },
  },
  'core/v1.ConfigMapNodeConfigSource': {
    fields: {
      namespace: { type: 'string', tag: 1, required: true },
      name: { type: 'string', tag: 2, required: true },
      uid: { type: 'string', tag: 3, go: 'types.UID' },
      resourceVersion: { type: 'string', tag: 4 },
      kubeletConfigKey: { type: 'string', tag: 5, required: true },
    },
  },
  'core/v1.ConfigMapProjection': {
    fields: {
      localObjectReference: { type: 'core/v1.LocalObjectReference', tag: 1, inline: true },
      items: { type: 'core/v1.KeyToPath', tag: 2, list: 'atomic' },
      optional: { type: 'bool', tag: 4, pointer: true },
    },
  },
  'core/v1.ConfigMapVolumeSource': {
    fields: {
      localObjectReference: { type: 'core/v1.LocalObjectReference', tag: 1, inline: true },
      items: { type: 'core/v1.KeyToPath', tag: 2, list: 'atomic' },
      defaultMode: { type: 'int32', tag: 3, pointer: true },
      optional: { type: 'bool', tag: 4, pointer: true },
    },
  },
  'core/v1.Container': {
    doc: 'One container of a pod.',
    fields: {
      name: { type: 'string', tag: 1, required: true, doc: 'Name of the container, unique in the pod.' },
      image: { type: 'string', tag: 2, doc: 'The image to run.' },
      command: { type: 'string', tag: 3, list: 'atomic', doc: 'Replaces the entry point of the image; $(NAME) is filled in.' },
      args: { type: 'string', tag: 4, list: 'atomic', doc: 'Replaces the arguments of the image; $(NAME) is filled in.' },
      workingDir: { type: 'string', tag: 5, doc: 'Directory the command starts in.' },
      ports: {
        type: 'core/v1.ContainerPort',
        tag: 6,
        list: 'map',
        keys: ['containerPort', 'protocol'],
        mergeKey: 'containerPort',
        strategy: 'merge',
        doc: 'Ports the container listens on; for information.',
      },
      envFrom: {
        type: 'core/v1.EnvFromSource',
        tag: 19,
        list: 'atomic',
        doc: 'ConfigMaps and Secrets whose keys become environment variables.',
      },
      env: {
        type: 'core/v1.EnvVar',
        tag: 7,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge',
        doc: 'Environment variables.',
      },
      resources: { type: 'core/v1.ResourceRequirements', tag: 8, written: true, doc: 'CPU, memory and other resources.' },
      resizePolicy: { type: 'core/v1.ContainerResizePolicy', tag: 23, list: 'atomic', doc: 'Whether a resize restarts the container.' },
      restartPolicy: {
        type: 'string',
        tag: 24,
        pointer: true,
        go: 'v1.ContainerRestartPolicy',
        doc: 'Always, for an init container that keeps running beside the others.',
      },
      restartPolicyRules: { type: 'core/v1.ContainerRestartRule', tag: 25, list: 'atomic' },
      volumeMounts: {
        type: 'core/v1.VolumeMount',
        tag: 9,
        list: 'map',
        keys: ['mountPath'],
        mergeKey: 'mountPath',
        strategy: 'merge',
        doc: 'Where volumes appear in the file system.',
      },
      volumeDevices: {
        type: 'core/v1.VolumeDevice',
        tag: 21,
        list: 'map',
        keys: ['devicePath'],
        mergeKey: 'devicePath',
        strategy: 'merge',
        doc: 'Block devices of the container.',
      },
      livenessProbe: { type: 'core/v1.Probe', tag: 10, doc: 'Restarts the container when it fails.' },
      readinessProbe: { type: 'core/v1.Probe', tag: 11, doc: 'Takes the container out of services while it fails.' },
      startupProbe: { type: 'core/v1.Probe', tag: 22, doc: 'Holds the other probes back until it succeeds.' },
      lifecycle: { type: 'core/v1.Lifecycle', tag: 12, doc: 'What to do after the start and before the stop.' },
      terminationMessagePath: { type: 'string', tag: 13, doc: 'File with the last words of the container.' },
      terminationMessagePolicy: {
        type: 'string',
        tag: 20,
        go: 'v1.TerminationMessagePolicy',
        doc: 'Where the last words come from: File or FallbackToLogsOnError.',
      },
      imagePullPolicy: { type: 'string', tag: 14, go: 'v1.PullPolicy', doc: 'When the image is pulled: Always, IfNotPresent or Never.' },
      securityContext: { type: 'core/v1.SecurityContext', tag: 15, doc: 'Security settings of the container.' },
      stdin: { type: 'bool', tag: 16, doc: 'Keep standard input open.' },
      stdinOnce: { type: 'bool', tag: 17, doc: 'Close standard input after the first attach.' },
      tty: { type: 'bool', tag: 18, doc: 'Give the container a terminal.' },
    },
  },
  'core/v1.ContainerExtendedResourceRequest': {
    fields: {
      containerName: { type: 'string', tag: 1, required: true },
      resourceName: { type: 'string', tag: 2, required: true },
      requestName: { type: 'string', tag: 3, required: true },
    },
  },
  'core/v1.ContainerImage': {
    fields: {
      names: { type: 'string', tag: 1, list: 'atomic', required: true, optional: true },
      sizeBytes: { type: 'int64', tag: 2 },
    },
  },
  'core/v1.ContainerPort': {
    doc: 'A port of a container.',
    fields: {
      name: { type: 'string', tag: 1, doc: 'Name by which services refer to the port.' },
      hostPort: { type: 'int32', tag: 2, doc: 'Port on the node.' },
      containerPort: { type: 'int32', tag: 3, required: true, doc: 'Port inside the pod.' },
      protocol: { type: 'string', tag: 4, go: 'v1.Protocol', default: 'TCP', doc: 'TCP, UDP or SCTP.' },
      hostIP: { type: 'string', tag: 5, doc: 'Address of the node to bind to.' },
    },
  },
  'core/v1.ContainerResizePolicy': {
    fields: {
      resourceName: { type: 'string', tag: 1, required: true, go: 'v1.ResourceName' },
      restartPolicy: { type: 'string', tag: 2, required: true, go: 'v1.ResourceResizeRestartPolicy' },
    },
  },
  'core/v1.ContainerRestartRule': {
    fields: {
      action: { type: 'string', tag: 1, required: true, written: false, go: 'v1.ContainerRestartRuleAction' },
      exitCodes: { type: 'core/v1.ContainerRestartRuleOnExitCodes', tag: 2 },
    },
  },
  'core/v1.ContainerRestartRuleOnExitCodes': {
    fields: {
      operator: { type: 'string', tag: 1, required: true, written: false, go: 'v1.ContainerRestartRuleOnExitCodesOperator' },
      values: { type: 'int32', tag: 2, list: 'set' },
    },
  },
  'core/v1.ContainerState': {
    fields: {
      waiting: { type: 'core/v1.ContainerStateWaiting', tag: 1 },
      running: { type: 'core/v1.ContainerStateRunning', tag: 2 },
      terminated: { type: 'core/v1.ContainerStateTerminated', tag: 3 },
    },
  },
  'core/v1.ContainerStateRunning': {
    fields: {
      startedAt: { type: 'time', tag: 1, written: true },
    },
  },
  'core/v1.ContainerStateTerminated': {
    fields: {
      exitCode: { type: 'int32', tag: 1, required: true },
      signal: { type: 'int32', tag: 2 },
      reason: { type: 'string', tag: 3 },
      message: { type: 'string', tag: 4 },
      startedAt: { type: 'time', tag: 5, written: true },
      finishedAt: { type: 'time', tag: 6, written: true },
      containerID: { type: 'string', tag: 7 },
    },
  },
  'core/v1.ContainerStateWaiting': {
    fields: {
      reason: { type: 'string', tag: 1 },
      message: { type: 'string', tag: 2 },
    },
  },
  'core/v1.ContainerStatus': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      state: { type: 'core/v1.ContainerState', tag: 2, written: true },
      lastState: { type: 'core/v1.ContainerState', tag: 3, written: true },
      ready: { type: 'bool', tag: 4, required: true },
      restartCount: { type: 'int32', tag: 5, required: true },
      image: { type: 'string', tag: 6, required: true },
      imageID: { type: 'string', tag: 7, required: true },
      containerID: { type: 'string', tag: 8 },
      started: { type: 'bool', tag: 9, pointer: true },
      allocatedResources: { type: 'quantity', map: true, tag: 10, go: 'v1.ResourceList' },
      resources: { type: 'core/v1.ResourceRequirements', tag: 11 },
      volumeMounts: {
        type: 'core/v1.VolumeMountStatus',
        tag: 12,
        list: 'map',
        keys: ['mountPath'],
        mergeKey: 'mountPath',
        strategy: 'merge',
      },
      user: { type: 'core/v1.ContainerUser', tag: 13 },
      allocatedResourcesStatus: {
        type: 'core/v1.ResourceStatus',
        tag: 14,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge',
      },
      stopSignal: { type: 'string', tag: 15, pointer: true, go: 'v1.Signal' },
    },
  },
  'core/v1.ContainerUser': {
    fields: {
      linux: { type: 'core/v1.LinuxContainerUser', tag: 1 },
    },
  },
  'core/v1.DaemonEndpoint': {
    fields: {
      Port: { type: 'int32', tag: 1, required: true },
    },
  },
  'core/v1.DownwardAPIProjection': {
    fields: {
      items: { type: 'core/v1.DownwardAPIVolumeFile', tag: 1, list: 'atomic' },
    },
  },
  'core/v1.DownwardAPIVolumeFile': {
    fields: {
      path: { type: 'string', tag: 1, required: true },
      fieldRef: { type: 'core/v1.ObjectFieldSelector', tag: 2 },
      resourceFieldRef: { type: 'core/v1.ResourceFieldSelector', tag: 3 },
      mode: { type: 'int32', tag: 4, pointer: true },
    },
  },
  'core/v1.DownwardAPIVolumeSource': {
    fields: {
      items: { type: 'core/v1.DownwardAPIVolumeFile', tag: 1, list: 'atomic' },
      defaultMode: { type: 'int32', tag: 2, pointer: true },
    },
  },
  'core/v1.EmptyDirVolumeSource': {
    fields: {
      medium: { type: 'string', tag: 1, go: 'v1.StorageMedium' },
      sizeLimit: { type: 'quantity', tag: 2, pointer: true },
    },
  },
  'core/v1.EndpointAddress': {
    atomic: true,
    fields: {
      ip: { type: 'string', tag: 1, required: true },
      hostname: { type: 'string', tag: 3 },
      nodeName: { type: 'string', tag: 4, pointer: true },
      targetRef: { type: 'core/v1.ObjectReference', tag: 2 },
    },
  },
  'core/v1.EndpointPort': {
    atomic: true,
    fields: {
      name: { type: 'string', tag: 1 },
      port: { type: 'int32', tag: 2, required: true },
      protocol: { type: 'string', tag: 3, go: 'v1.Protocol' },
      appProtocol: { type: 'string', tag: 4, pointer: true },
    },
  },
  'core/v1.EndpointSubset': {
    fields: {
      addresses: { type: 'core/v1.EndpointAddress', tag: 1, list: 'atomic' },
      notReadyAddresses: { type: 'core/v1.EndpointAddress', tag: 2, list: 'atomic' },
      ports: { type: 'core/v1.EndpointPort', tag: 3, list: 'atomic' },
    },
  },
  'core/v1.Endpoints': {
    gvk: [{ group: '', version: 'v1', kind: 'Endpoints' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      subsets: { type: 'core/v1.EndpointSubset', tag: 2, list: 'atomic' },
    },
  },
  'core/v1.EnvFromSource': {
    fields: {
      prefix: { type: 'string', tag: 1 },
      configMapRef: { type: 'core/v1.ConfigMapEnvSource', tag: 2 },
      secretRef: { type: 'core/v1.SecretEnvSource', tag: 3 },
    },
  },
  'core/v1.EnvVar': {
    doc: 'An environment variable.',
    fields: {
      name: { type: 'string', tag: 1, required: true, doc: 'Name of the variable.' },
      value: { type: 'string', tag: 2, doc: 'Its value; $(NAME) is filled in.' },
      valueFrom: { type: 'core/v1.EnvVarSource', tag: 3, doc: 'Where the value comes from.' },
    },
  },
  'core/v1.EnvVarSource': {
    fields: {
      fieldRef: { type: 'core/v1.ObjectFieldSelector', tag: 1 },
      resourceFieldRef: { type: 'core/v1.ResourceFieldSelector', tag: 2 },
      configMapKeyRef: { type: 'core/v1.ConfigMapKeySelector', tag: 3 },
      secretKeyRef: { type: 'core/v1.SecretKeySelector', tag: 4 },
      fileKeyRef: { type: 'core/v1.FileKeySelector', tag: 5 },
    },
  },
  'core/v1.EphemeralContainer': {
    fields: {
      ephemeralContainerCommon: { type: 'core/v1.EphemeralContainerCommon', tag: 1, inline: true },
      targetContainerName: { type: 'string', tag: 2 },
    },
  },
  'core/v1.EphemeralContainerCommon': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      image: { type: 'string', tag: 2 },
      command: { type: 'string', tag: 3, list: 'atomic' },
      args: { type: 'string', tag: 4, list: 'atomic' },
      workingDir: { type: 'string', tag: 5 },
      ports: {
        type: 'core/v1.ContainerPort',
        tag: 6,
        list: 'map',
        keys: ['containerPort', 'protocol'],
        mergeKey: 'containerPort',
        strategy: 'merge',
      },
      envFrom: { type: 'core/v1.EnvFromSource', tag: 19, list: 'atomic' },
      env: { type: 'core/v1.EnvVar', tag: 7, list: 'map', keys: ['name'], mergeKey: 'name', strategy: 'merge' },
      resources: { type: 'core/v1.ResourceRequirements', tag: 8, written: true },
      resizePolicy: { type: 'core/v1.ContainerResizePolicy', tag: 23, list: 'atomic' },
      restartPolicy: { type: 'string', tag: 24, pointer: true, go: 'v1.ContainerRestartPolicy' },
      restartPolicyRules: { type: 'core/v1.ContainerRestartRule', tag: 25, list: 'atomic' },
      volumeMounts: { type: 'core/v1.VolumeMount', tag: 9, list: 'map', keys: ['mountPath'], mergeKey: 'mountPath', strategy: 'merge' },
      volumeDevices: {
        type: 'core/v1.VolumeDevice',
        tag: 21,
        list: 'map',
        keys: ['devicePath'],
        mergeKey: 'devicePath',
        strategy: 'merge',
      },
      livenessProbe: { type: 'core/v1.Probe', tag: 10 },
      readinessProbe: { type: 'core/v1.Probe', tag: 11 },
      startupProbe: { type: 'core/v1.Probe', tag: 22 },
      lifecycle: { type: 'core/v1.Lifecycle', tag: 12 },
      terminationMessagePath: { type: 'string', tag: 13 },
      terminationMessagePolicy: { type: 'string', tag: 20, go: 'v1.TerminationMessagePolicy' },
      imagePullPolicy: { type: 'string', tag: 14, go: 'v1.PullPolicy' },
      securityContext: { type: 'core/v1.SecurityContext', tag: 15 },
      stdin: { type: 'bool', tag: 16 },
      stdinOnce: { type: 'bool', tag: 17 },
      tty: { type: 'bool', tag: 18 },
    },
  },
  'core/v1.EphemeralVolumeSource': {
    fields: {
      volumeClaimTemplate: { type: 'core/v1.PersistentVolumeClaimTemplate', tag: 1 },
    },
  },
  'core/v1.Event': {
    gvk: [{ group: '', version: 'v1', kind: 'Event' }],
    list: true,
    doc: 'Something that happened to an object.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, required: true },
      involvedObject: { type: 'core/v1.ObjectReference', tag: 2, required: true, doc: 'The object it happened to.' },
      reason: { type: 'string', tag: 3, doc: 'What happened, as one word.' },
      message: { type: 'string', tag: 4, doc: 'What happened, for people.' },
      source: { type: 'core/v1.EventSource', tag: 5, written: true, doc: 'Who says so.' },
      firstTimestamp: { type: 'time', tag: 6, written: true, doc: 'When it happened first.' },
      lastTimestamp: { type: 'time', tag: 7, written: true, doc: 'When it happened last.' },
      count: { type: 'int32', tag: 8, doc: 'How often it happened.' },
      type: { type: 'string', tag: 9, doc: 'Normal or Warning.' },
      eventTime: { type: 'microTime', tag: 10, written: true },
      series: { type: 'core/v1.EventSeries', tag: 11 },
      action: { type: 'string', tag: 12 },
      related: { type: 'core/v1.ObjectReference', tag: 13 },
      reportingComponent: { type: 'string', tag: 14, required: true, optional: true },
      reportingInstance: { type: 'string', tag: 15, required: true, optional: true },
    },
  },
  'core/v1.EventSeries': {
    fields: {
      count: { type: 'int32', tag: 1 },
      lastObservedTime: { type: 'microTime', tag: 2, written: true },
    },
  },
  'core/v1.EventSource': {
    fields: {
      component: { type: 'string', tag: 1 },
      host: { type: 'string', tag: 2 },
    },
  },
  'core/v1.ExecAction': {
    fields: {
      command: { type: 'string', tag: 1, list: 'atomic' },
    },
  },
  'core/v1.FCVolumeSource': {
    fields: {
      targetWWNs: { type: 'string', tag: 1, list: 'atomic' },
      lun: { type: 'int32', tag: 2, pointer: true },
      fsType: { type: 'string', tag: 3 },
      readOnly: { type: 'bool', tag: 4 },
      wwids: { type: 'string', tag: 5, list: 'atomic' },
    },
  },
  'core/v1.FileKeySelector': {
    atomic: true,
    fields: {
      volumeName: { type: 'string', tag: 1, required: true },
      path: { type: 'string', tag: 2, required: true },
      key: { type: 'string', tag: 3, required: true },
      optional: { type: 'bool', tag: 4, pointer: true },
    },
  },
  'core/v1.FlexPersistentVolumeSource': {
    fields: {
      driver: { type: 'string', tag: 1, required: true },
      fsType: { type: 'string', tag: 2 },
      secretRef: { type: 'core/v1.SecretReference', tag: 3 },
      readOnly: { type: 'bool', tag: 4 },
      options: { type: 'string', map: true, tag: 5 },
    },
  },
  'core/v1.FlexVolumeSource': {
    fields: {
      driver: { type: 'string', tag: 1, required: true },
      fsType: { type: 'string', tag: 2 },
      secretRef: { type: 'core/v1.LocalObjectReference', tag: 3 },
      readOnly: { type: 'bool', tag: 4 },
      options: { type: 'string', map: true, tag: 5 },
    },
  },
  'core/v1.FlockerVolumeSource': {
    fields: {
      datasetName: { type: 'string', tag: 1 },
      datasetUUID: { type: 'string', tag: 2 },
    },
  },
  'core/v1.GCEPersistentDiskVolumeSource': {
    fields: {
      pdName: { type: 'string', tag: 1, required: true },
      fsType: { type: 'string', tag: 2 },
      partition: { type: 'int32', tag: 3 },
      readOnly: { type: 'bool', tag: 4 },
    },
  },
  'core/v1.GRPCAction': {
    fields: {
      port: { type: 'int32', tag: 1, required: true },
      service: { type: 'string', tag: 2, required: true, optional: true, pointer: true },
    },
  },
  'core/v1.GitRepoVolumeSource': {
    fields: {
      repository: { type: 'string', tag: 1, required: true },
      revision: { type: 'string', tag: 2 },
      directory: { type: 'string', tag: 3 },
    },
  },
  'core/v1.GlusterfsPersistentVolumeSource': {
    fields: {
      endpoints: { type: 'string', tag: 1, required: true },
      path: { type: 'string', tag: 2, required: true },
      readOnly: { type: 'bool', tag: 3 },
      endpointsNamespace: { type: 'string', tag: 4, pointer: true },
    },
  },
  'core/v1.GlusterfsVolumeSource': {
    fields: {
      endpoints: { type: 'string', tag: 1, required: true },
      path: { type: 'string', tag: 2, required: true },
      readOnly: { type: 'bool', tag: 3 },
    },
  },
  'core/v1.HTTPGetAction': {
    fields: {
      path: { type: 'string', tag: 1 },
      port: { type: 'intOrString', tag: 2, required: true },
      host: { type: 'string', tag: 3 },
      scheme: { type: 'string', tag: 4, go: 'v1.URIScheme' },
      httpHeaders: { type: 'core/v1.HTTPHeader', tag: 5, list: 'atomic' },
    },
  },
  'core/v1.HTTPHeader': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      value: { type: 'string', tag: 2, required: true },
    },
  },
  'core/v1.HostAlias': {
    fields: {
      ip: { type: 'string', tag: 1, required: true },
      hostnames: { type: 'string', tag: 2, list: 'atomic' },
    },
  },
  'core/v1.HostIP': {
    fields: {
      ip: { type: 'string', tag: 1, required: true },
    },
  },
  'core/v1.HostPathVolumeSource': {
    fields: {
      path: { type: 'string', tag: 1, required: true },
      type: { type: 'string', tag: 2, pointer: true, go: 'v1.HostPathType' },
    },
  },
  'core/v1.ISCSIPersistentVolumeSource': {
    fields: {
      targetPortal: { type: 'string', tag: 1, required: true },
      iqn: { type: 'string', tag: 2, required: true },
      lun: { type: 'int32', tag: 3, required: true },
      iscsiInterface: { type: 'string', tag: 4, default: 'default' },
      fsType: { type: 'string', tag: 5 },
      readOnly: { type: 'bool', tag: 6 },
      portals: { type: 'string', tag: 7, list: 'atomic' },
      chapAuthDiscovery: { type: 'bool', tag: 8 },
      chapAuthSession: { type: 'bool', tag: 11 },
      secretRef: { type: 'core/v1.SecretReference', tag: 10 },
      initiatorName: { type: 'string', tag: 12, pointer: true },
    },
  },
  'core/v1.ISCSIVolumeSource': {
    fields: {
      targetPortal: { type: 'string', tag: 1, required: true },
      iqn: { type: 'string', tag: 2, required: true },
      lun: { type: 'int32', tag: 3, required: true },
      iscsiInterface: { type: 'string', tag: 4, default: 'default' },
      fsType: { type: 'string', tag: 5 },
      readOnly: { type: 'bool', tag: 6 },
      portals: { type: 'string', tag: 7, list: 'atomic' },
      chapAuthDiscovery: { type: 'bool', tag: 8 },
      chapAuthSession: { type: 'bool', tag: 11 },
      secretRef: { type: 'core/v1.LocalObjectReference', tag: 10 },
      initiatorName: { type: 'string', tag: 12, pointer: true },
    },
  },
  'core/v1.ImageVolumeSource': {
    fields: {
      reference: { type: 'string', tag: 1 },
      pullPolicy: { type: 'string', tag: 2, go: 'v1.PullPolicy' },
    },
  },
  'core/v1.ImageVolumeStatus': {
    fields: {
      imageRef: { type: 'string', tag: 1, required: true, written: false },
    },
  },
  'core/v1.KeyToPath': {
    fields: {
      key: { type: 'string', tag: 1, required: true },
      path: { type: 'string', tag: 2, required: true },
      mode: { type: 'int32', tag: 3, pointer: true },
    },
  },
  'core/v1.Lifecycle': {
    fields: {
      postStart: { type: 'core/v1.LifecycleHandler', tag: 1 },
      preStop: { type: 'core/v1.LifecycleHandler', tag: 2 },
      stopSignal: { type: 'string', tag: 3, pointer: true, go: 'v1.Signal' },
    },
  },
  'core/v1.LifecycleHandler': {
    fields: {
      exec: { type: 'core/v1.ExecAction', tag: 1 },
      httpGet: { type: 'core/v1.HTTPGetAction', tag: 2 },
      tcpSocket: { type: 'core/v1.TCPSocketAction', tag: 3 },
      sleep: { type: 'core/v1.SleepAction', tag: 4 },
    },
  },
  'core/v1.LimitRange': {
    gvk: [{ group: '', version: 'v1', kind: 'LimitRange' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'core/v1.LimitRangeSpec', tag: 2, written: true },
    },
  },
  'core/v1.LimitRangeItem': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.LimitType' },
      max: { type: 'quantity', map: true, tag: 2, go: 'v1.ResourceList' },
      min: { type: 'quantity', map: true, tag: 3, go: 'v1.ResourceList' },
      default: { type: 'quantity', map: true, tag: 4, go: 'v1.ResourceList' },
      defaultRequest: { type: 'quantity', map: true, tag: 5, go: 'v1.ResourceList' },
      maxLimitRequestRatio: { type: 'quantity', map: true, tag: 6, go: 'v1.ResourceList' },
    },
  },
  'core/v1.LimitRangeSpec': {
    fields: {
      limits: { type: 'core/v1.LimitRangeItem', tag: 1, list: 'atomic', required: true },
    },
  },
  'core/v1.LinuxContainerUser': {
    fields: {
      uid: { type: 'int64', tag: 1, required: true },
      gid: { type: 'int64', tag: 2, required: true },
      supplementalGroups: { type: 'int64', tag: 3, list: 'atomic' },
    },
  },
  'core/v1.LoadBalancerIngress': {
    fields: {
      ip: { type: 'string', tag: 1 },
      hostname: { type: 'string', tag: 2 },
      ipMode: { type: 'string', tag: 3, pointer: true, go: 'v1.LoadBalancerIPMode' },
      ports: { type: 'core/v1.PortStatus', tag: 4, list: 'atomic' },
    },
  },
  'core/v1.LoadBalancerStatus': {
    fields: {
      ingress: { type: 'core/v1.LoadBalancerIngress', tag: 1, list: 'atomic' },
    },
  },
  'core/v1.LocalObjectReference': {
    atomic: true,
    fields: {
      name: { type: 'string', tag: 1 },
    },
  },
  'core/v1.LocalVolumeSource': {
    fields: {
      path: { type: 'string', tag: 1, required: true },
      fsType: { type: 'string', tag: 2, pointer: true },
    },
  },
  'core/v1.ModifyVolumeStatus': {
    fields: {
      targetVolumeAttributesClassName: { type: 'string', tag: 1 },
      status: { type: 'string', tag: 2, required: true, go: 'v1.PersistentVolumeClaimModifyVolumeStatus' },
    },
  },
  'core/v1.NFSVolumeSource': {
    fields: {
      server: { type: 'string', tag: 1, required: true },
      path: { type: 'string', tag: 2, required: true },
      readOnly: { type: 'bool', tag: 3 },
    },
  },
  'core/v1.Namespace': {
    gvk: [{ group: '', version: 'v1', kind: 'Namespace' }],
    list: true,
    doc: 'A room for names: objects in different namespaces may have the same name.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true, doc: 'Name, labels and other data about the object.' },
      spec: { type: 'core/v1.NamespaceSpec', tag: 2, written: true, doc: 'How the namespace behaves.' },
      status: { type: 'core/v1.NamespaceStatus', tag: 3, written: true, doc: 'Whether the namespace is in use or going away.' },
    },
  },
  'core/v1.NamespaceCondition': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.NamespaceConditionType' },
      status: { type: 'string', tag: 2, required: true, go: 'v1.ConditionStatus' },
      lastTransitionTime: { type: 'time', tag: 4, written: true },
      reason: { type: 'string', tag: 5 },
      message: { type: 'string', tag: 6 },
    },
  },
  'core/v1.NamespaceSpec': {
    fields: {
      finalizers: { type: 'string', tag: 1, list: 'atomic', go: '[]v1.FinalizerName' },
    },
  },
  'core/v1.NamespaceStatus': {
    fields: {
      phase: { type: 'string', tag: 1, go: 'v1.NamespacePhase' },
      conditions: { type: 'core/v1.NamespaceCondition', tag: 2, list: 'map', keys: ['type'], mergeKey: 'type', strategy: 'merge' },
    },
  },
  'core/v1.Node': {
    gvk: [{ group: '', version: 'v1', kind: 'Node' }],
    list: true,
    doc: 'A machine that runs pods.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true, doc: 'Name, labels and other data about the object.' },
      spec: { type: 'core/v1.NodeSpec', tag: 2, written: true, doc: 'How the node should behave.' },
      status: { type: 'core/v1.NodeStatus', tag: 3, written: true, doc: 'What the node is and has, as it reports.' },
    },
  },
  'core/v1.NodeAddress': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.NodeAddressType' },
      address: { type: 'string', tag: 2, required: true },
    },
  },
  'core/v1.NodeAffinity': {
    fields: {
      requiredDuringSchedulingIgnoredDuringExecution: { type: 'core/v1.NodeSelector', tag: 1 },
      preferredDuringSchedulingIgnoredDuringExecution: { type: 'core/v1.PreferredSchedulingTerm', tag: 2, list: 'atomic' },
    },
  },
  'core/v1.NodeAllocatableResourceClaimStatus': {
    fields: {
      resourceClaimName: { type: 'string', tag: 1, required: true },
      containers: { type: 'string', tag: 2, list: 'set' },
      resources: { type: 'quantity', map: true, tag: 3, required: true, go: 'map[v1.ResourceName]resource.Quantity' },
    },
  },
  'core/v1.NodeCondition': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.NodeConditionType' },
      status: { type: 'string', tag: 2, required: true, go: 'v1.ConditionStatus' },
      lastHeartbeatTime: { type: 'time', tag: 3, written: true },
      lastTransitionTime: { type: 'time', tag: 4, written: true },
      reason: { type: 'string', tag: 5 },
      message: { type: 'string', tag: 6 },
    },
  },
  'core/v1.NodeConfigSource': {
    fields: {
      configMap: { type: 'core/v1.ConfigMapNodeConfigSource', tag: 2 },
    },
  },
  'core/v1.NodeConfigStatus': {
    fields: {
      assigned: { type: 'core/v1.NodeConfigSource', tag: 1 },
      active: { type: 'core/v1.NodeConfigSource', tag: 2 },
      lastKnownGood: { type: 'core/v1.NodeConfigSource', tag: 3 },
      error: { type: 'string', tag: 4 },
    },
  },
  'core/v1.NodeDaemonEndpoints': {
    fields: {
      kubeletEndpoint: { type: 'core/v1.DaemonEndpoint', tag: 1, written: true },
    },
  },
  'core/v1.NodeFeatures': {
    fields: {
      supplementalGroupsPolicy: { type: 'bool', tag: 1, pointer: true },
    },
  },
  'core/v1.NodeProxyOptions': {
    fields: {
      path: { type: 'string', tag: 1 },
    },
  },
  'core/v1.NodeRuntimeHandler': {
    fields: {
      name: { type: 'string', tag: 1, required: true, optional: true },
      features: { type: 'core/v1.NodeRuntimeHandlerFeatures', tag: 2 },
    },
  },
  'core/v1.NodeRuntimeHandlerFeatures': {
    fields: {
      recursiveReadOnlyMounts: { type: 'bool', tag: 1, pointer: true },
      userNamespaces: { type: 'bool', tag: 2, pointer: true },
    },
  },
  'core/v1.NodeSelector': {
    atomic: true,
    fields: {
      nodeSelectorTerms: { type: 'core/v1.NodeSelectorTerm', tag: 1, list: 'atomic', required: true },
    },
  },
  'core/v1.NodeSelectorRequirement': {
    fields: {
      key: { type: 'string', tag: 1, required: true },
      operator: { type: 'string', tag: 2, required: true, go: 'v1.NodeSelectorOperator' },
      values: { type: 'string', tag: 3, list: 'atomic' },
    },
  },
  'core/v1.NodeSelectorTerm': {
    atomic: true,
    fields: {
      matchExpressions: { type: 'core/v1.NodeSelectorRequirement', tag: 1, list: 'atomic' },
      matchFields: { type: 'core/v1.NodeSelectorRequirement', tag: 2, list: 'atomic' },
    },
  },
  'core/v1.NodeSpec': {
    doc: 'How a node should behave.',
    fields: {
      podCIDR: { type: 'string', tag: 1, doc: 'Range of pod addresses of the node.' },
      podCIDRs: { type: 'string', tag: 7, list: 'set', strategy: 'merge', doc: 'Ranges of pod addresses of the node.' },
      providerID: { type: 'string', tag: 3, doc: 'Id of the machine at its provider.' },
      unschedulable: { type: 'bool', tag: 4, doc: 'Take no new pods.' },
      taints: { type: 'core/v1.Taint', tag: 5, list: 'atomic', doc: 'Pods without a matching toleration stay away.' },
      configSource: { type: 'core/v1.NodeConfigSource', tag: 6 },
      externalID: { type: 'string', tag: 2 },
    },
  },
  'core/v1.NodeStatus': {
    doc: 'What a node is and has.',
    fields: {
      capacity: { type: 'quantity', map: true, tag: 1, go: 'v1.ResourceList', doc: 'All resources of the node.' },
      allocatable: { type: 'quantity', map: true, tag: 2, go: 'v1.ResourceList', doc: 'Resources for pods.' },
      phase: { type: 'string', tag: 3, go: 'v1.NodePhase' },
      conditions: {
        type: 'core/v1.NodeCondition',
        tag: 4,
        list: 'map',
        keys: ['type'],
        mergeKey: 'type',
        strategy: 'merge',
        doc: 'Yes-or-no facts about the node, such as Ready.',
      },
      addresses: {
        type: 'core/v1.NodeAddress',
        tag: 5,
        list: 'map',
        keys: ['type'],
        mergeKey: 'type',
        strategy: 'merge',
        doc: 'Addresses and names of the node.',
      },
      daemonEndpoints: { type: 'core/v1.NodeDaemonEndpoints', tag: 6, written: true, doc: 'Ports of the kubelet.' },
      nodeInfo: { type: 'core/v1.NodeSystemInfo', tag: 7, written: true, doc: 'Versions and ids of the machine.' },
      images: { type: 'core/v1.ContainerImage', tag: 8, list: 'atomic', doc: 'Images on the node.' },
      volumesInUse: { type: 'string', tag: 9, list: 'atomic', go: '[]v1.UniqueVolumeName' },
      volumesAttached: { type: 'core/v1.AttachedVolume', tag: 10, list: 'atomic' },
      config: { type: 'core/v1.NodeConfigStatus', tag: 11 },
      runtimeHandlers: { type: 'core/v1.NodeRuntimeHandler', tag: 12, list: 'atomic' },
      features: { type: 'core/v1.NodeFeatures', tag: 13 },
      declaredFeatures: { type: 'string', tag: 14, list: 'atomic' },
    },
  },
  'core/v1.NodeSwapStatus': {
    fields: {
      capacity: { type: 'int64', tag: 1, pointer: true },
    },
  },
  'core/v1.NodeSystemInfo': {
    fields: {
      machineID: { type: 'string', tag: 1, required: true },
      systemUUID: { type: 'string', tag: 2, required: true },
      bootID: { type: 'string', tag: 3, required: true },
      kernelVersion: { type: 'string', tag: 4, required: true },
      osImage: { type: 'string', tag: 5, required: true },
      containerRuntimeVersion: { type: 'string', tag: 6, required: true },
      kubeletVersion: { type: 'string', tag: 7, required: true },
      kubeProxyVersion: { type: 'string', tag: 8, required: true },
      operatingSystem: { type: 'string', tag: 9, required: true },
      architecture: { type: 'string', tag: 10, required: true },
      swap: { type: 'core/v1.NodeSwapStatus', tag: 11 },
    },
  },
  'core/v1.ObjectFieldSelector': {
    atomic: true,
    fields: {
      apiVersion: { type: 'string', tag: 1 },
      fieldPath: { type: 'string', tag: 2, required: true },
    },
  },
  'core/v1.ObjectReference': {
    atomic: true,
    fields: {
      kind: { type: 'string', tag: 1 },
      namespace: { type: 'string', tag: 2 },
      name: { type: 'string', tag: 3 },
      uid: { type: 'string', tag: 4, go: 'types.UID' },
      apiVersion: { type: 'string', tag: 5 },
      resourceVersion: { type: 'string', tag: 6 },
      fieldPath: { type: 'string', tag: 7 },
    },
  },
  'core/v1.PersistentVolume': {
    gvk: [{ group: '', version: 'v1', kind: 'PersistentVolume' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'core/v1.PersistentVolumeSpec', tag: 2, written: true },
      status: { type: 'core/v1.PersistentVolumeStatus', tag: 3, written: true },
    },
  },
  'core/v1.PersistentVolumeClaim': {
    gvk: [{ group: '', version: 'v1', kind: 'PersistentVolumeClaim' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'core/v1.PersistentVolumeClaimSpec', tag: 2, written: true },
      status: { type: 'core/v1.PersistentVolumeClaimStatus', tag: 3, written: true },
    },
  },
  'core/v1.PersistentVolumeClaimCondition': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.PersistentVolumeClaimConditionType' },
      status: { type: 'string', tag: 2, required: true, go: 'v1.ConditionStatus' },
      lastProbeTime: { type: 'time', tag: 3, written: true },
      lastTransitionTime: { type: 'time', tag: 4, written: true },
      reason: { type: 'string', tag: 5 },
      message: { type: 'string', tag: 6 },
    },
  },
  'core/v1.PersistentVolumeClaimSpec': {
    fields: {
      accessModes: { type: 'string', tag: 1, list: 'atomic', go: '[]v1.PersistentVolumeAccessMode' },
      selector: { type: 'meta/v1.LabelSelector', tag: 4 },
      resources: { type: 'core/v1.VolumeResourceRequirements', tag: 2, written: true },
      volumeName: { type: 'string', tag: 3 },
      storageClassName: { type: 'string', tag: 5, pointer: true },
      volumeMode: { type: 'string', tag: 6, pointer: true, go: 'v1.PersistentVolumeMode' },
      dataSource: { type: 'core/v1.TypedLocalObjectReference', tag: 7 },
      dataSourceRef: { type: 'core/v1.TypedObjectReference', tag: 8 },
      volumeAttributesClassName: { type: 'string', tag: 9, pointer: true },
    },
  },
  'core/v1.PersistentVolumeClaimStatus': {
    fields: {
      phase: { type: 'string', tag: 1, go: 'v1.PersistentVolumeClaimPhase' },
      accessModes: { type: 'string', tag: 2, list: 'atomic', go: '[]v1.PersistentVolumeAccessMode' },
      capacity: { type: 'quantity', map: true, tag: 3, go: 'v1.ResourceList' },
      conditions: {
        type: 'core/v1.PersistentVolumeClaimCondition',
        tag: 4,
        list: 'map',
        keys: ['type'],
        mergeKey: 'type',
        strategy: 'merge',
      },
      allocatedResources: { type: 'quantity', map: true, tag: 5, go: 'v1.ResourceList' },
      allocatedResourceStatuses: {
        type: 'string',
        map: true,
        tag: 7,
        mapType: 'granular',
        go: 'map[v1.ResourceName]v1.ClaimResourceStatus',
      },
      currentVolumeAttributesClassName: { type: 'string', tag: 8, pointer: true },
      modifyVolumeStatus: { type: 'core/v1.ModifyVolumeStatus', tag: 9 },
    },
  },
  'core/v1.PersistentVolumeClaimTemplate': {
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'core/v1.PersistentVolumeClaimSpec', tag: 2, required: true },
    },
  },
  'core/v1.PersistentVolumeClaimVolumeSource': {
    fields: {
      claimName: { type: 'string', tag: 1, required: true },
      readOnly: { type: 'bool', tag: 2 },
    },
  },
  'core/v1.PersistentVolumeSource': {
    fields: {
      gcePersistentDisk: { type: 'core/v1.GCEPersistentDiskVolumeSource', tag: 1 },
      awsElasticBlockStore: { type: 'core/v1.AWSElasticBlockStoreVolumeSource', tag: 2 },
      hostPath: { type: 'core/v1.HostPathVolumeSource', tag: 3 },
      glusterfs: { type: 'core/v1.GlusterfsPersistentVolumeSource', tag: 4 },
      nfs: { type: 'core/v1.NFSVolumeSource', tag: 5 },
      rbd: { type: 'core/v1.RBDPersistentVolumeSource', tag: 6 },
      iscsi: { type: 'core/v1.ISCSIPersistentVolumeSource', tag: 7 },
      cinder: { type: 'core/v1.CinderPersistentVolumeSource', tag: 8 },
      cephfs: { type: 'core/v1.CephFSPersistentVolumeSource', tag: 9 },
      fc: { type: 'core/v1.FCVolumeSource', tag: 10 },
      flocker: { type: 'core/v1.FlockerVolumeSource', tag: 11 },
      flexVolume: { type: 'core/v1.FlexPersistentVolumeSource', tag: 12 },
      azureFile: { type: 'core/v1.AzureFilePersistentVolumeSource', tag: 13 },
      vsphereVolume: { type: 'core/v1.VsphereVirtualDiskVolumeSource', tag: 14 },
      quobyte: { type: 'core/v1.QuobyteVolumeSource', tag: 15 },
      azureDisk: { type: 'core/v1.AzureDiskVolumeSource', tag: 16 },
      photonPersistentDisk: { type: 'core/v1.PhotonPersistentDiskVolumeSource', tag: 17 },
      portworxVolume: { type: 'core/v1.PortworxVolumeSource', tag: 18 },
      scaleIO: { type: 'core/v1.ScaleIOPersistentVolumeSource', tag: 19 },
      local: { type: 'core/v1.LocalVolumeSource', tag: 20 },
      storageos: { type: 'core/v1.StorageOSPersistentVolumeSource', tag: 21 },
      csi: { type: 'core/v1.CSIPersistentVolumeSource', tag: 22 },
    },
  },
  'core/v1.PersistentVolumeSpec': {
    fields: {
      capacity: { type: 'quantity', map: true, tag: 1, go: 'v1.ResourceList' },
      persistentVolumeSource: { type: 'core/v1.PersistentVolumeSource', tag: 2, inline: true },
      accessModes: { type: 'string', tag: 3, list: 'atomic', go: '[]v1.PersistentVolumeAccessMode' },
      claimRef: { type: 'core/v1.ObjectReference', tag: 4, mapType: 'granular' },
      persistentVolumeReclaimPolicy: { type: 'string', tag: 5, go: 'v1.PersistentVolumeReclaimPolicy' },
      storageClassName: { type: 'string', tag: 6 },
      mountOptions: { type: 'string', tag: 7, list: 'atomic' },
      volumeMode: { type: 'string', tag: 8, pointer: true, go: 'v1.PersistentVolumeMode' },
      nodeAffinity: { type: 'core/v1.VolumeNodeAffinity', tag: 9 },
      volumeAttributesClassName: { type: 'string', tag: 10, pointer: true },
    },
  },
  'core/v1.PersistentVolumeStatus': {
    fields: {
      phase: { type: 'string', tag: 1, go: 'v1.PersistentVolumePhase' },
      message: { type: 'string', tag: 2 },
      reason: { type: 'string', tag: 3 },
      lastPhaseTransitionTime: { type: 'time', tag: 4, pointer: true },
    },
  },
  'core/v1.PhotonPersistentDiskVolumeSource': {
    fields: {
      pdID: { type: 'string', tag: 1, required: true },
      fsType: { type: 'string', tag: 2 },
    },
  },
  'core/v1.Pod': {
    gvk: [{ group: '', version: 'v1', kind: 'Pod' }],
    list: true,
    doc: 'Containers that run together on one node and share network and volumes.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true, doc: 'Name, labels and other data about the object.' },
      spec: { type: 'core/v1.PodSpec', tag: 2, written: true, doc: 'What should run.' },
      status: { type: 'core/v1.PodStatus', tag: 3, written: true, doc: 'What runs, as last observed.' },
    },
  },
  'core/v1.PodAffinity': {
    fields: {
      requiredDuringSchedulingIgnoredDuringExecution: { type: 'core/v1.PodAffinityTerm', tag: 1, list: 'atomic' },
      preferredDuringSchedulingIgnoredDuringExecution: { type: 'core/v1.WeightedPodAffinityTerm', tag: 2, list: 'atomic' },
    },
  },
  'core/v1.PodAffinityTerm': {
    fields: {
      labelSelector: { type: 'meta/v1.LabelSelector', tag: 1 },
      namespaces: { type: 'string', tag: 2, list: 'atomic' },
      topologyKey: { type: 'string', tag: 3, required: true },
      namespaceSelector: { type: 'meta/v1.LabelSelector', tag: 4 },
      matchLabelKeys: { type: 'string', tag: 5, list: 'atomic' },
      mismatchLabelKeys: { type: 'string', tag: 6, list: 'atomic' },
    },
  },
  'core/v1.PodAntiAffinity': {
    fields: {
      requiredDuringSchedulingIgnoredDuringExecution: { type: 'core/v1.PodAffinityTerm', tag: 1, list: 'atomic' },
      preferredDuringSchedulingIgnoredDuringExecution: { type: 'core/v1.WeightedPodAffinityTerm', tag: 2, list: 'atomic' },
    },
  },
  'core/v1.PodAttachOptions': {
    fields: {
      stdin: { type: 'bool', tag: 1 },
      stdout: { type: 'bool', tag: 2 },
      stderr: { type: 'bool', tag: 3 },
      tty: { type: 'bool', tag: 4 },
      container: { type: 'string', tag: 5 },
    },
  },
  'core/v1.PodCertificateProjection': {
    fields: {
      signerName: { type: 'string', tag: 1, required: true, written: false },
      keyType: { type: 'string', tag: 2, required: true, written: false },
      maxExpirationSeconds: { type: 'int32', tag: 3, pointer: true },
      credentialBundlePath: { type: 'string', tag: 4 },
      keyPath: { type: 'string', tag: 5 },
      certificateChainPath: { type: 'string', tag: 6 },
      userAnnotations: { type: 'string', map: true, tag: 7 },
    },
  },
  'core/v1.PodCondition': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.PodConditionType' },
      observedGeneration: { type: 'int64', tag: 7 },
      status: { type: 'string', tag: 2, required: true, go: 'v1.ConditionStatus' },
      lastProbeTime: { type: 'time', tag: 3, written: true },
      lastTransitionTime: { type: 'time', tag: 4, written: true },
      reason: { type: 'string', tag: 5 },
      message: { type: 'string', tag: 6 },
    },
  },
  'core/v1.PodDNSConfig': {
    fields: {
      nameservers: { type: 'string', tag: 1, list: 'atomic' },
      searches: { type: 'string', tag: 2, list: 'atomic' },
      options: { type: 'core/v1.PodDNSConfigOption', tag: 3, list: 'atomic' },
    },
  },
  'core/v1.PodDNSConfigOption': {
    fields: {
      name: { type: 'string', tag: 1 },
      value: { type: 'string', tag: 2, pointer: true },
    },
  },
  'core/v1.PodExecOptions': {
    fields: {
      stdin: { type: 'bool', tag: 1 },
      stdout: { type: 'bool', tag: 2 },
      stderr: { type: 'bool', tag: 3 },
      tty: { type: 'bool', tag: 4 },
      container: { type: 'string', tag: 5 },
      command: { type: 'string', tag: 6, list: 'plain', written: true },
    },
  },
  'core/v1.PodExtendedResourceClaimStatus': {
    fields: {
      requestMappings: { type: 'core/v1.ContainerExtendedResourceRequest', tag: 1, list: 'atomic', required: true },
      resourceClaimName: { type: 'string', tag: 2, required: true },
    },
  },
  'core/v1.PodIP': {
    fields: {
      ip: { type: 'string', tag: 1, required: true },
    },
  },
  'core/v1.PodLogOptions': {
    fields: {
      container: { type: 'string', tag: 1 },
      follow: { type: 'bool', tag: 2 },
      previous: { type: 'bool', tag: 3 },
      sinceSeconds: { type: 'int64', tag: 4, pointer: true },
      sinceTime: { type: 'time', tag: 5, pointer: true },
      timestamps: { type: 'bool', tag: 6 },
      tailLines: { type: 'int64', tag: 7, pointer: true },
      limitBytes: { type: 'int64', tag: 8, pointer: true },
      insecureSkipTLSVerifyBackend: { type: 'bool', tag: 9 },
      stream: { type: 'string', tag: 10, pointer: true },
    },
  },
  'core/v1.PodOS': {
    fields: {
      name: { type: 'string', tag: 1, required: true, go: 'v1.OSName' },
    },
  },
  'core/v1.PodPortForwardOptions': {
    fields: {
      ports: { type: 'int32', tag: 1, list: 'plain' },
    },
  },
  'core/v1.PodProxyOptions': {
    fields: {
      path: { type: 'string', tag: 1 },
    },
  },
  'core/v1.PodReadinessGate': {
    fields: {
      conditionType: { type: 'string', tag: 1, required: true, go: 'v1.PodConditionType' },
    },
  },
  'core/v1.PodResourceClaim': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      resourceClaimName: { type: 'string', tag: 3, pointer: true },
      resourceClaimTemplateName: { type: 'string', tag: 4, pointer: true },
    },
  },
  'core/v1.PodResourceClaimStatus': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      resourceClaimName: { type: 'string', tag: 2, pointer: true },
    },
  },
  'core/v1.PodSchedulingGate': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
    },
  },
  'core/v1.PodSchedulingGroup': {
    fields: {
      podGroupName: { type: 'string', tag: 1, pointer: true },
    },
  },
  'core/v1.PodSecurityContext': {
    fields: {
      seLinuxOptions: { type: 'core/v1.SELinuxOptions', tag: 1 },
      windowsOptions: { type: 'core/v1.WindowsSecurityContextOptions', tag: 8 },
      runAsUser: { type: 'int64', tag: 2, pointer: true },
      runAsGroup: { type: 'int64', tag: 6, pointer: true },
      runAsNonRoot: { type: 'bool', tag: 3, pointer: true },
      supplementalGroups: { type: 'int64', tag: 4, list: 'atomic' },
      supplementalGroupsPolicy: { type: 'string', tag: 12, pointer: true, go: 'v1.SupplementalGroupsPolicy' },
      fsGroup: { type: 'int64', tag: 5, pointer: true },
      sysctls: { type: 'core/v1.Sysctl', tag: 7, list: 'atomic' },
      fsGroupChangePolicy: { type: 'string', tag: 9, pointer: true, go: 'v1.PodFSGroupChangePolicy' },
      seccompProfile: { type: 'core/v1.SeccompProfile', tag: 10 },
      appArmorProfile: { type: 'core/v1.AppArmorProfile', tag: 11 },
      seLinuxChangePolicy: { type: 'string', tag: 13, pointer: true, go: 'v1.PodSELinuxChangePolicy' },
    },
  },
  'core/v1.PodSignature': {
    fields: {
      podController: { type: 'meta/v1.OwnerReference', tag: 1 },
    },
  },
  'core/v1.PodSpec': {
    doc: 'What a pod should run, and how.',
    fields: {
      volumes: {
        type: 'core/v1.Volume',
        tag: 1,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge,retainKeys',
        doc: 'Volumes that the containers may mount.',
      },
      initContainers: {
        type: 'core/v1.Container',
        tag: 20,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge',
        doc: 'Containers that run one after another, to completion, before the others start.',
      },
      containers: {
        type: 'core/v1.Container',
        tag: 2,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge',
        required: true,
        doc: 'The containers of the pod: at least one.',
      },
      ephemeralContainers: {
        type: 'core/v1.EphemeralContainer',
        tag: 34,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge',
        doc: 'Containers added to a running pod to look into it.',
      },
      restartPolicy: {
        type: 'string',
        tag: 3,
        go: 'v1.RestartPolicy',
        doc: 'When containers are started again: Always, OnFailure or Never.',
      },
      terminationGracePeriodSeconds: { type: 'int64', tag: 4, pointer: true, doc: 'Seconds between the request to stop and the kill.' },
      activeDeadlineSeconds: { type: 'int64', tag: 5, pointer: true, doc: 'Seconds after which the pod is failed, however far it is.' },
      dnsPolicy: {
        type: 'string',
        tag: 6,
        go: 'v1.DNSPolicy',
        doc: 'Where names are resolved: ClusterFirst, ClusterFirstWithHostNet, Default or None.',
      },
      nodeSelector: { type: 'string', map: true, tag: 7, mapType: 'atomic', doc: 'Labels that the node must have.' },
      serviceAccountName: { type: 'string', tag: 8, doc: 'The ServiceAccount the pod runs as.' },
      serviceAccount: { type: 'string', tag: 9, doc: 'Old name of serviceAccountName.' },
      automountServiceAccountToken: { type: 'bool', tag: 21, pointer: true, doc: 'Whether a token of the ServiceAccount is mounted.' },
      nodeName: { type: 'string', tag: 10, doc: 'The node that runs the pod; set by the scheduler.' },
      hostNetwork: { type: 'bool', tag: 11, doc: 'Use the network of the node.' },
      hostPID: { type: 'bool', tag: 12, doc: 'See the processes of the node.' },
      hostIPC: { type: 'bool', tag: 13, doc: 'Share IPC with the node.' },
      shareProcessNamespace: { type: 'bool', tag: 27, pointer: true, doc: "Containers of the pod see each other's processes." },
      securityContext: { type: 'core/v1.PodSecurityContext', tag: 14, doc: 'Security settings of the pod; containers may override them.' },
      imagePullSecrets: {
        type: 'core/v1.LocalObjectReference',
        tag: 15,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge',
        doc: 'Secrets with credentials for image registries.',
      },
      hostname: { type: 'string', tag: 16, doc: 'Host name inside the pod.' },
      subdomain: { type: 'string', tag: 17, doc: 'Makes the full host name hostname.subdomain.namespace.svc.domain.' },
      affinity: { type: 'core/v1.Affinity', tag: 18, doc: 'Rules about the nodes and pods to be near to or away from.' },
      schedulerName: { type: 'string', tag: 19, doc: 'The scheduler that places the pod.' },
      tolerations: { type: 'core/v1.Toleration', tag: 22, list: 'atomic', doc: 'Taints of nodes that the pod bears.' },
      hostAliases: {
        type: 'core/v1.HostAlias',
        tag: 23,
        list: 'map',
        keys: ['ip'],
        mergeKey: 'ip',
        strategy: 'merge',
        doc: 'Extra lines for /etc/hosts.',
      },
      priorityClassName: { type: 'string', tag: 24, doc: 'Name of the priority.' },
      priority: { type: 'int32', tag: 25, pointer: true, doc: 'The priority as a number; higher goes first.' },
      dnsConfig: { type: 'core/v1.PodDNSConfig', tag: 26, doc: 'Extra DNS settings.' },
      readinessGates: {
        type: 'core/v1.PodReadinessGate',
        tag: 28,
        list: 'atomic',
        doc: 'Extra conditions that must hold for the pod to be ready.',
      },
      runtimeClassName: { type: 'string', tag: 29, pointer: true, doc: 'The RuntimeClass to run with.' },
      enableServiceLinks: { type: 'bool', tag: 30, pointer: true, doc: 'Whether services appear as environment variables.' },
      preemptionPolicy: {
        type: 'string',
        tag: 31,
        pointer: true,
        go: 'v1.PreemptionPolicy',
        doc: 'Whether pods of lower priority may be evicted for this one.',
      },
      overhead: {
        type: 'quantity',
        map: true,
        tag: 32,
        go: 'v1.ResourceList',
        doc: 'Resources that the runtime itself needs for the pod.',
      },
      topologySpreadConstraints: {
        type: 'core/v1.TopologySpreadConstraint',
        tag: 33,
        list: 'map',
        keys: ['topologyKey', 'whenUnsatisfiable'],
        mergeKey: 'topologyKey',
        strategy: 'merge',
        doc: 'How pods are spread over zones or nodes.',
      },
      setHostnameAsFQDN: { type: 'bool', tag: 35, pointer: true, doc: 'Use the full name as host name.' },
      os: { type: 'core/v1.PodOS', tag: 36, doc: 'The operating system the pod needs.' },
      hostUsers: { type: 'bool', tag: 37, pointer: true, doc: 'Use the user namespace of the node.' },
      schedulingGates: {
        type: 'core/v1.PodSchedulingGate',
        tag: 38,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge',
        doc: 'The pod is not scheduled until these are gone.',
      },
      resourceClaims: {
        type: 'core/v1.PodResourceClaim',
        tag: 39,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge,retainKeys',
        doc: 'Claims for devices.',
      },
      resources: { type: 'core/v1.ResourceRequirements', tag: 40, doc: 'Resources of the pod as a whole.' },
      hostnameOverride: { type: 'string', tag: 41, pointer: true },
      schedulingGroup: { type: 'core/v1.PodSchedulingGroup', tag: 43 },
    },
  },
  'core/v1.PodStatus': {
    doc: 'What is known about a running pod.',
    fields: {
      observedGeneration: { type: 'int64', tag: 17, doc: 'The generation that this status speaks of.' },
      phase: {
        type: 'string',
        tag: 1,
        go: 'v1.PodPhase',
        doc: 'Where the pod is in its life: Pending, Running, Succeeded, Failed or Unknown.',
      },
      conditions: {
        type: 'core/v1.PodCondition',
        tag: 2,
        list: 'map',
        keys: ['type'],
        mergeKey: 'type',
        strategy: 'merge',
        doc: 'Yes-or-no facts about the pod, such as Ready.',
      },
      message: { type: 'string', tag: 3, doc: 'Why the pod is in this phase, for people.' },
      reason: { type: 'string', tag: 4, doc: 'Why the pod is in this phase, as one word.' },
      nominatedNodeName: { type: 'string', tag: 11, doc: 'The node on which room is being made.' },
      hostIP: { type: 'string', tag: 5, doc: 'Address of the node.' },
      hostIPs: { type: 'core/v1.HostIP', tag: 16, list: 'atomic', mergeKey: 'ip', strategy: 'merge', doc: 'Addresses of the node.' },
      podIP: { type: 'string', tag: 6, doc: 'Address of the pod.' },
      podIPs: {
        type: 'core/v1.PodIP',
        tag: 12,
        list: 'map',
        keys: ['ip'],
        mergeKey: 'ip',
        strategy: 'merge',
        doc: 'Addresses of the pod.',
      },
      startTime: { type: 'time', tag: 7, pointer: true, doc: 'When the node took the pod.' },
      initContainerStatuses: { type: 'core/v1.ContainerStatus', tag: 10, list: 'atomic', doc: 'States of the init containers.' },
      containerStatuses: { type: 'core/v1.ContainerStatus', tag: 8, list: 'atomic', doc: 'States of the containers.' },
      qosClass: { type: 'string', tag: 9, go: 'v1.PodQOSClass', doc: 'Guaranteed, Burstable or BestEffort, by the resources asked for.' },
      ephemeralContainerStatuses: { type: 'core/v1.ContainerStatus', tag: 13, list: 'atomic', doc: 'States of the ephemeral containers.' },
      resize: { type: 'string', tag: 14, go: 'v1.PodResizeStatus' },
      resourceClaimStatuses: {
        type: 'core/v1.PodResourceClaimStatus',
        tag: 15,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge,retainKeys',
      },
      extendedResourceClaimStatus: { type: 'core/v1.PodExtendedResourceClaimStatus', tag: 18 },
      allocatedResources: { type: 'quantity', map: true, tag: 19, go: 'v1.ResourceList' },
      resources: { type: 'core/v1.ResourceRequirements', tag: 20 },
      nodeAllocatableResourceClaimStatuses: { type: 'core/v1.NodeAllocatableResourceClaimStatus', tag: 21, list: 'atomic' },
    },
  },
  'core/v1.PodStatusResult': {
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      status: { type: 'core/v1.PodStatus', tag: 2, written: true },
    },
  },
  'core/v1.PodTemplate': {
    gvk: [{ group: '', version: 'v1', kind: 'PodTemplate' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      template: { type: 'core/v1.PodTemplateSpec', tag: 2, written: true },
    },
  },
  'core/v1.PodTemplateSpec': {
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'core/v1.PodSpec', tag: 2, written: true },
    },
  },
  'core/v1.PortStatus': {
    fields: {
      port: { type: 'int32', tag: 1, required: true },
      protocol: { type: 'string', tag: 2, required: true, go: 'v1.Protocol' },
      error: { type: 'string', tag: 3, pointer: true },
    },
  },
  'core/v1.PortworxVolumeSource': {
    fields: {
      volumeID: { type: 'string', tag: 1, required: true },
      fsType: { type: 'string', tag: 2 },
      readOnly: { type: 'bool', tag: 3 },
    },
  },
  'core/v1.Preconditions': {
    fields: {
      uid: { type: 'string', tag: 1 },
    },
  },
  'core/v1.PreferAvoidPodsEntry': {
    fields: {
      podSignature: { type: 'core/v1.PodSignature', tag: 1 },
      evictionTime: { type: 'time', tag: 2 },
      reason: { type: 'string', tag: 3 },
      message: { type: 'string', tag: 4 },
    },
  },
  'core/v1.PreferredSchedulingTerm': {
    fields: {
      weight: { type: 'int32', tag: 1, required: true },
      preference: { type: 'core/v1.NodeSelectorTerm', tag: 2, required: true },
    },
  },
  'core/v1.Probe': {
    doc: 'A check on a container.',
    fields: {
      handler: { type: 'core/v1.ProbeHandler', tag: 1, inline: true },
      initialDelaySeconds: { type: 'int32', tag: 2, doc: 'Seconds after the start before the first check.' },
      timeoutSeconds: { type: 'int32', tag: 3, doc: 'Seconds until a check counts as failed.' },
      periodSeconds: { type: 'int32', tag: 4, doc: 'Seconds between checks.' },
      successThreshold: { type: 'int32', tag: 5, doc: 'Successes in a row that count as success.' },
      failureThreshold: { type: 'int32', tag: 6, doc: 'Failures in a row that count as failure.' },
      terminationGracePeriodSeconds: { type: 'int64', tag: 7, pointer: true, doc: 'Grace period of the restart that a failure causes.' },
    },
  },
  'core/v1.ProbeHandler': {
    fields: {
      exec: { type: 'core/v1.ExecAction', tag: 1 },
      httpGet: { type: 'core/v1.HTTPGetAction', tag: 2 },
      tcpSocket: { type: 'core/v1.TCPSocketAction', tag: 3 },
      grpc: { type: 'core/v1.GRPCAction', tag: 4 },
    },
  },
  'core/v1.ProjectedVolumeSource': {
    fields: {
      sources: { type: 'core/v1.VolumeProjection', tag: 1, list: 'atomic', required: true, optional: true },
      defaultMode: { type: 'int32', tag: 2, pointer: true },
    },
  },
  'core/v1.QuobyteVolumeSource': {
    fields: {
      registry: { type: 'string', tag: 1, required: true },
      volume: { type: 'string', tag: 2, required: true },
      readOnly: { type: 'bool', tag: 3 },
      user: { type: 'string', tag: 4 },
      group: { type: 'string', tag: 5 },
      tenant: { type: 'string', tag: 6 },
    },
  },
  'core/v1.RBDPersistentVolumeSource': {
    fields: {
      monitors: { type: 'string', tag: 1, list: 'atomic', required: true },
      image: { type: 'string', tag: 2, required: true },
      fsType: { type: 'string', tag: 3 },
      pool: { type: 'string', tag: 4, default: 'rbd' },
      user: { type: 'string', tag: 5, default: 'admin' },
      keyring: { type: 'string', tag: 6, default: '/etc/ceph/keyring' },
      secretRef: { type: 'core/v1.SecretReference', tag: 7 },
      readOnly: { type: 'bool', tag: 8 },
    },
  },
  'core/v1.RBDVolumeSource': {
    fields: {
      monitors: { type: 'string', tag: 1, list: 'atomic', required: true },
      image: { type: 'string', tag: 2, required: true },
      fsType: { type: 'string', tag: 3 },
      pool: { type: 'string', tag: 4, default: 'rbd' },
      user: { type: 'string', tag: 5, default: 'admin' },
      keyring: { type: 'string', tag: 6, default: '/etc/ceph/keyring' },
      secretRef: { type: 'core/v1.LocalObjectReference', tag: 7 },
      readOnly: { type: 'bool', tag: 8 },
    },
  },
  'core/v1.RangeAllocation': {
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      range: { type: 'string', tag: 2, written: true },
      data: { type: 'bytes', tag: 3, written: true },
    },
  },
  'core/v1.ReplicationController': {
    gvk: [{ group: '', version: 'v1', kind: 'ReplicationController' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'core/v1.ReplicationControllerSpec', tag: 2, written: true },
      status: { type: 'core/v1.ReplicationControllerStatus', tag: 3, written: true },
    },
  },
  'core/v1.ReplicationControllerCondition': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.ReplicationControllerConditionType' },
      status: { type: 'string', tag: 2, required: true, go: 'v1.ConditionStatus' },
      lastTransitionTime: { type: 'time', tag: 3, written: true },
      reason: { type: 'string', tag: 4 },
      message: { type: 'string', tag: 5 },
    },
  },
  'core/v1.ReplicationControllerSpec': {
    fields: {
      replicas: { type: 'int32', tag: 1, pointer: true, default: 1 },
      minReadySeconds: { type: 'int32', tag: 4 },
      selector: { type: 'string', map: true, tag: 2, mapType: 'atomic' },
      template: { type: 'core/v1.PodTemplateSpec', tag: 3 },
    },
  },
  'core/v1.ReplicationControllerStatus': {
    fields: {
      replicas: { type: 'int32', tag: 1, required: true },
      fullyLabeledReplicas: { type: 'int32', tag: 2 },
      readyReplicas: { type: 'int32', tag: 4 },
      availableReplicas: { type: 'int32', tag: 5 },
      observedGeneration: { type: 'int64', tag: 3 },
      conditions: {
        type: 'core/v1.ReplicationControllerCondition',
        tag: 6,
        list: 'map',
        keys: ['type'],
        mergeKey: 'type',
        strategy: 'merge',
      },
    },
  },
  'core/v1.ResourceClaim': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      request: { type: 'string', tag: 2 },
    },
  },
  'core/v1.ResourceFieldSelector': {
    atomic: true,
    fields: {
      containerName: { type: 'string', tag: 1 },
      resource: { type: 'string', tag: 2, required: true },
      divisor: { type: 'quantity', tag: 3, written: true },
    },
  },
  'core/v1.ResourceHealth': {
    fields: {
      resourceID: { type: 'string', tag: 1, required: true, go: 'v1.ResourceID' },
      health: { type: 'string', tag: 2, go: 'v1.ResourceHealthStatus' },
      message: { type: 'string', tag: 6, pointer: true },
    },
  },
  'core/v1.ResourceQuota': {
    gvk: [{ group: '', version: 'v1', kind: 'ResourceQuota' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'core/v1.ResourceQuotaSpec', tag: 2, written: true },
      status: { type: 'core/v1.ResourceQuotaStatus', tag: 3, written: true },
    },
  },
  'core/v1.ResourceQuotaSpec': {
    fields: {
      hard: { type: 'quantity', map: true, tag: 1, go: 'v1.ResourceList' },
      scopes: { type: 'string', tag: 2, list: 'atomic', go: '[]v1.ResourceQuotaScope' },
      scopeSelector: { type: 'core/v1.ScopeSelector', tag: 3 },
    },
  },
  'core/v1.ResourceQuotaStatus': {
    fields: {
      hard: { type: 'quantity', map: true, tag: 1, go: 'v1.ResourceList' },
      used: { type: 'quantity', map: true, tag: 2, go: 'v1.ResourceList' },
    },
  },
  'core/v1.ResourceRequirements': {
    doc: 'Resources of a container.',
    fields: {
      limits: { type: 'quantity', map: true, tag: 1, go: 'v1.ResourceList', doc: 'The most that may be used.' },
      requests: { type: 'quantity', map: true, tag: 2, go: 'v1.ResourceList', doc: 'What is set aside.' },
      claims: {
        type: 'core/v1.ResourceClaim',
        tag: 3,
        list: 'map',
        keys: ['name'],
        doc: 'Devices claimed by the pod that this container uses.',
      },
    },
  },
  'core/v1.ResourceStatus': {
    fields: {
      name: { type: 'string', tag: 1, required: true, go: 'v1.ResourceName' },
      resources: { type: 'core/v1.ResourceHealth', tag: 2, list: 'map', keys: ['resourceID'] },
    },
  },
  'core/v1.SELinuxOptions': {
    fields: {
      user: { type: 'string', tag: 1 },
      role: { type: 'string', tag: 2 },
      type: { type: 'string', tag: 3 },
      level: { type: 'string', tag: 4 },
    },
  },
  'core/v1.ScaleIOPersistentVolumeSource': {
    fields: {
      gateway: { type: 'string', tag: 1, required: true },
      system: { type: 'string', tag: 2, required: true },
      secretRef: { type: 'core/v1.SecretReference', tag: 3, required: true, pointer: true },
      sslEnabled: { type: 'bool', tag: 4 },
      protectionDomain: { type: 'string', tag: 5 },
      storagePool: { type: 'string', tag: 6 },
      storageMode: { type: 'string', tag: 7, default: 'ThinProvisioned' },
      volumeName: { type: 'string', tag: 8 },
      fsType: { type: 'string', tag: 9, default: 'xfs' },
      readOnly: { type: 'bool', tag: 10 },
    },
  },
  'core/v1.ScaleIOVolumeSource': {
    fields: {
      gateway: { type: 'string', tag: 1, required: true },
      system: { type: 'string', tag: 2, required: true },
      secretRef: { type: 'core/v1.LocalObjectReference', tag: 3, required: true, pointer: true },
      sslEnabled: { type: 'bool', tag: 4 },
      protectionDomain: { type: 'string', tag: 5 },
      storagePool: { type: 'string', tag: 6 },
      storageMode: { type: 'string', tag: 7, default: 'ThinProvisioned' },
      volumeName: { type: 'string', tag: 8 },
      fsType: { type: 'string', tag: 9, default: 'xfs' },
      readOnly: { type: 'bool', tag: 10 },
    },
  },
  'core/v1.ScopeSelector': {
    atomic: true,
    fields: {
      matchExpressions: { type: 'core/v1.ScopedResourceSelectorRequirement', tag: 1, list: 'atomic' },
    },
  },
  'core/v1.ScopedResourceSelectorRequirement': {
    fields: {
      scopeName: { type: 'string', tag: 1, required: true, go: 'v1.ResourceQuotaScope' },
      operator: { type: 'string', tag: 2, required: true, go: 'v1.ScopeSelectorOperator' },
      values: { type: 'string', tag: 3, list: 'atomic' },
    },
  },
  'core/v1.SeccompProfile': {
    fields: {
      type: { type: 'string', tag: 1, required: true, go: 'v1.SeccompProfileType' },
      localhostProfile: { type: 'string', tag: 2, pointer: true },
    },
  },
  'core/v1.Secret': {
    gvk: [{ group: '', version: 'v1', kind: 'Secret' }],
    list: true,
    doc: 'Confidential keys and values.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true, doc: 'Name, labels and other data about the object.' },
      immutable: { type: 'bool', tag: 5, pointer: true, doc: 'The data can no longer change.' },
      data: { type: 'bytes', map: true, tag: 2, doc: 'The values, in base64.' },
      stringData: { type: 'string', map: true, tag: 4, doc: 'Values as text; only for writing.' },
      type: { type: 'string', tag: 3, go: 'v1.SecretType', doc: 'What the secret is for.' },
    },
  },
  'core/v1.SecretEnvSource': {
    fields: {
      localObjectReference: { type: 'core/v1.LocalObjectReference', tag: 1, inline: true },
      optional: { type: 'bool', tag: 2, pointer: true },
    },
  },
  'core/v1.SecretKeySelector': {
    atomic: true,
    fields: {
      localObjectReference: { type: 'core/v1.LocalObjectReference', tag: 1, inline: true },
      key: { type: 'string', tag: 2, required: true },
      optional: { type: 'bool', tag: 3, pointer: true },
    },
  },
  'core/v1.SecretProjection': {
    fields: {
      localObjectReference: { type: 'core/v1.LocalObjectReference', tag: 1, inline: true },
      items: { type: 'core/v1.KeyToPath', tag: 2, list: 'atomic' },
      optional: { type: 'bool', tag: 4, pointer: true },
    },
  },
  'core/v1.SecretReference': {
    atomic: true,
    fields: {
      name: { type: 'string', tag: 1 },
      namespace: { type: 'string', tag: 2 },
    },
  },
  'core/v1.SecretVolumeSource': {
    fields: {
      secretName: { type: 'string', tag: 1 },
      items: { type: 'core/v1.KeyToPath', tag: 2, list: 'atomic' },
      defaultMode: { type: 'int32', tag: 3, pointer: true },
      optional: { type: 'bool', tag: 4, pointer: true },
    },
  },
  'core/v1.SecurityContext': {
    fields: {
      capabilities: { type: 'core/v1.Capabilities', tag: 1 },
      privileged: { type: 'bool', tag: 2, pointer: true },
      seLinuxOptions: { type: 'core/v1.SELinuxOptions', tag: 3 },
      windowsOptions: { type: 'core/v1.WindowsSecurityContextOptions', tag: 10 },
      runAsUser: { type: 'int64', tag: 4, pointer: true },
      runAsGroup: { type: 'int64', tag: 8, pointer: true },
      runAsNonRoot: { type: 'bool', tag: 5, pointer: true },
      readOnlyRootFilesystem: { type: 'bool', tag: 6, pointer: true },
      allowPrivilegeEscalation: { type: 'bool', tag: 7, pointer: true },
      procMount: { type: 'string', tag: 9, pointer: true, go: 'v1.ProcMountType' },
      seccompProfile: { type: 'core/v1.SeccompProfile', tag: 11 },
      appArmorProfile: { type: 'core/v1.AppArmorProfile', tag: 12 },
    },
  },
  'core/v1.SerializedReference': {
    fields: {
      reference: { type: 'core/v1.ObjectReference', tag: 1, written: true },
    },
  },
  'core/v1.Service': {
    gvk: [{ group: '', version: 'v1', kind: 'Service' }],
    list: true,
    doc: 'A name and an address for a group of pods.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true, doc: 'Name, labels and other data about the object.' },
      spec: { type: 'core/v1.ServiceSpec', tag: 2, written: true, doc: 'Which pods, which ports.' },
      status: { type: 'core/v1.ServiceStatus', tag: 3, written: true, doc: 'Addresses given from outside.' },
    },
  },
  'core/v1.ServiceAccount': {
    gvk: [{ group: '', version: 'v1', kind: 'ServiceAccount' }],
    list: true,
    doc: 'An identity for pods.',
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true, doc: 'Name, labels and other data about the object.' },
      secrets: {
        type: 'core/v1.ObjectReference',
        tag: 2,
        list: 'map',
        keys: ['name'],
        mergeKey: 'name',
        strategy: 'merge',
        doc: 'Secrets that pods of the account may use.',
      },
      imagePullSecrets: { type: 'core/v1.LocalObjectReference', tag: 3, list: 'atomic', doc: 'Registry credentials that its pods get.' },
      automountServiceAccountToken: { type: 'bool', tag: 4, pointer: true, doc: 'Whether its pods get a token.' },
    },
  },
  'core/v1.ServiceAccountTokenProjection': {
    fields: {
      audience: { type: 'string', tag: 1 },
      expirationSeconds: { type: 'int64', tag: 2, pointer: true },
      path: { type: 'string', tag: 3, required: true },
    },
  },
  'core/v1.ServicePort': {
    doc: 'A port of a service.',
    fields: {
      name: { type: 'string', tag: 1, doc: 'Name of the port.' },
      protocol: { type: 'string', tag: 2, go: 'v1.Protocol', default: 'TCP', doc: 'TCP, UDP or SCTP.' },
      appProtocol: { type: 'string', tag: 6, pointer: true, doc: 'The protocol spoken inside.' },
      port: { type: 'int32', tag: 3, required: true, doc: 'Port of the service.' },
      targetPort: { type: 'intOrString', tag: 4, written: true, doc: 'Port of the pods, by number or name.' },
      nodePort: { type: 'int32', tag: 5, doc: 'Port on every node.' },
    },
  },
  'core/v1.ServiceProxyOptions': {
    fields: {
      path: { type: 'string', tag: 1 },
    },
  },
  'core/v1.ServiceSpec': {
    doc: 'Which pods a service reaches, and how.',
    fields: {
      ports: {
        type: 'core/v1.ServicePort',
        tag: 1,
        list: 'map',
        keys: ['port', 'protocol'],
        mergeKey: 'port',
        strategy: 'merge',
        doc: 'Ports of the service.',
      },
      selector: { type: 'string', map: true, tag: 2, mapType: 'atomic', doc: 'Labels of the pods.' },
      clusterIP: { type: 'string', tag: 3, doc: 'Address of the service, or None.' },
      clusterIPs: { type: 'string', tag: 18, list: 'atomic', doc: 'Addresses of the service.' },
      type: { type: 'string', tag: 4, go: 'v1.ServiceType', doc: 'ClusterIP, NodePort, LoadBalancer or ExternalName.' },
      externalIPs: { type: 'string', tag: 5, list: 'atomic', doc: 'Addresses of nodes that lead to the service.' },
      sessionAffinity: {
        type: 'string',
        tag: 7,
        go: 'v1.ServiceAffinity',
        doc: 'ClientIP sends a client to the same pod each time; or None.',
      },
      loadBalancerIP: { type: 'string', tag: 8 },
      loadBalancerSourceRanges: { type: 'string', tag: 9, list: 'atomic' },
      externalName: { type: 'string', tag: 10, doc: 'The name that an ExternalName service stands for.' },
      externalTrafficPolicy: { type: 'string', tag: 11, go: 'v1.ServiceExternalTrafficPolicy' },
      healthCheckNodePort: { type: 'int32', tag: 12 },
      publishNotReadyAddresses: { type: 'bool', tag: 13, doc: 'Include pods that are not ready.' },
      sessionAffinityConfig: { type: 'core/v1.SessionAffinityConfig', tag: 14 },
      ipFamilies: { type: 'string', tag: 19, list: 'atomic', go: '[]v1.IPFamily' },
      ipFamilyPolicy: { type: 'string', tag: 17, pointer: true, go: 'v1.IPFamilyPolicy' },
      allocateLoadBalancerNodePorts: { type: 'bool', tag: 20, pointer: true },
      loadBalancerClass: { type: 'string', tag: 21, pointer: true },
      internalTrafficPolicy: { type: 'string', tag: 22, pointer: true, go: 'v1.ServiceInternalTrafficPolicy' },
      trafficDistribution: { type: 'string', tag: 23, pointer: true },
    },
  },
  'core/v1.ServiceStatus': {
    fields: {
      loadBalancer: { type: 'core/v1.LoadBalancerStatus', tag: 1, written: true },
      conditions: { type: 'meta/v1.Condition', tag: 2, list: 'map', keys: ['type'], mergeKey: 'type', strategy: 'merge' },
    },
  },
  'core/v1.SessionAffinityConfig': {
    fields: {
      clientIP: { type: 'core/v1.ClientIPConfig', tag: 1 },
    },
  },
  'core/v1.SleepAction': {
    fields: {
      seconds: { type: 'int64', tag: 1, required: true },
    },
  },
  'core/v1.StorageOSPersistentVolumeSource': {
    fields: {
      volumeName: { type: 'string', tag: 1 },
      volumeNamespace: { type: 'string', tag: 2 },
      fsType: { type: 'string', tag: 3 },
      readOnly: { type: 'bool', tag: 4 },
      secretRef: { type: 'core/v1.ObjectReference', tag: 5 },
    },
  },
  'core/v1.StorageOSVolumeSource': {
    fields: {
      volumeName: { type: 'string', tag: 1 },
      volumeNamespace: { type: 'string', tag: 2 },
      fsType: { type: 'string', tag: 3 },
      readOnly: { type: 'bool', tag: 4 },
      secretRef: { type: 'core/v1.LocalObjectReference', tag: 5 },
    },
  },
  'core/v1.Sysctl': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      value: { type: 'string', tag: 2, required: true },
    },
  },
  'core/v1.TCPSocketAction': {
    fields: {
      port: { type: 'intOrString', tag: 1, required: true },
      host: { type: 'string', tag: 2 },
    },
  },
  'core/v1.Taint': {
    fields: {
      key: { type: 'string', tag: 1, required: true },
      value: { type: 'string', tag: 2 },
      effect: { type: 'string', tag: 3, required: true, go: 'v1.TaintEffect' },
      timeAdded: { type: 'time', tag: 4, pointer: true },
    },
  },
  'core/v1.Toleration': {
    fields: {
      key: { type: 'string', tag: 1 },
      operator: { type: 'string', tag: 2, go: 'v1.TolerationOperator' },
      value: { type: 'string', tag: 3 },
      effect: { type: 'string', tag: 4, go: 'v1.TaintEffect' },
      tolerationSeconds: { type: 'int64', tag: 5, pointer: true },
    },
  },
  'core/v1.TopologySelectorLabelRequirement': {
    fields: {
      key: { type: 'string', tag: 1, required: true },
      values: { type: 'string', tag: 2, list: 'atomic', required: true },
    },
  },
  'core/v1.TopologySelectorTerm': {
    atomic: true,
    fields: {
      matchLabelExpressions: { type: 'core/v1.TopologySelectorLabelRequirement', tag: 1, list: 'atomic' },
    },
  },
  'core/v1.TopologySpreadConstraint': {
    fields: {
      maxSkew: { type: 'int32', tag: 1, required: true },
      topologyKey: { type: 'string', tag: 2, required: true },
      whenUnsatisfiable: { type: 'string', tag: 3, required: true, go: 'v1.UnsatisfiableConstraintAction' },
      labelSelector: { type: 'meta/v1.LabelSelector', tag: 4 },
      minDomains: { type: 'int32', tag: 5, pointer: true },
      nodeAffinityPolicy: { type: 'string', tag: 6, pointer: true, go: 'v1.NodeInclusionPolicy' },
      nodeTaintsPolicy: { type: 'string', tag: 7, pointer: true, go: 'v1.NodeInclusionPolicy' },
      matchLabelKeys: { type: 'string', tag: 8, list: 'atomic' },
    },
  },
  'core/v1.TypedLocalObjectReference': {
    atomic: true,
    fields: {
      apiGroup: { type: 'string', tag: 1, required: true, optional: true, pointer: true },
      kind: { type: 'string', tag: 2, required: true },
      name: { type: 'string', tag: 3, required: true },
    },
  },
  'core/v1.TypedObjectReference': {
    fields: {
      apiGroup: { type: 'string', tag: 1, required: true, optional: true, pointer: true },
      kind: { type: 'string', tag: 2, required: true },
      name: { type: 'string', tag: 3, required: true },
      namespace: { type: 'string', tag: 4, pointer: true },
    },
  },
  'core/v1.Volume': {
    doc: 'A directory that the containers of a pod may mount.',
    fields: {
      name: { type: 'string', tag: 1, required: true, doc: 'Name of the volume.' },
      volumeSource: { type: 'core/v1.VolumeSource', tag: 2, inline: true },
    },
  },
  'core/v1.VolumeDevice': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      devicePath: { type: 'string', tag: 2, required: true },
    },
  },
  'core/v1.VolumeMount': {
    doc: 'Where a volume appears in a container.',
    fields: {
      name: { type: 'string', tag: 1, required: true, doc: 'Name of the volume.' },
      readOnly: { type: 'bool', tag: 2, doc: 'Mount it read-only.' },
      recursiveReadOnly: {
        type: 'string',
        tag: 7,
        pointer: true,
        go: 'v1.RecursiveReadOnlyMode',
        doc: 'Whether mounts below are read-only too.',
      },
      mountPath: { type: 'string', tag: 3, required: true, doc: 'Path inside the container.' },
      subPath: { type: 'string', tag: 4, doc: 'Path inside the volume.' },
      mountPropagation: {
        type: 'string',
        tag: 5,
        pointer: true,
        go: 'v1.MountPropagationMode',
        doc: 'How mounts travel between node and container.',
      },
      subPathExpr: { type: 'string', tag: 6, doc: 'Path inside the volume; $(NAME) is filled in.' },
    },
  },
  'core/v1.VolumeMountStatus': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      mountPath: { type: 'string', tag: 2, required: true },
      readOnly: { type: 'bool', tag: 3 },
      recursiveReadOnly: { type: 'string', tag: 4, pointer: true, go: 'v1.RecursiveReadOnlyMode' },
      volumeStatus: { type: 'core/v1.VolumeStatus', tag: 5 },
    },
  },
  'core/v1.VolumeNodeAffinity': {
    fields: {
      required: { type: 'core/v1.NodeSelector', tag: 1 },
    },
  },
  'core/v1.VolumeProjection': {
    fields: {
      secret: { type: 'core/v1.SecretProjection', tag: 1 },
      downwardAPI: { type: 'core/v1.DownwardAPIProjection', tag: 2 },
      configMap: { type: 'core/v1.ConfigMapProjection', tag: 3 },
      serviceAccountToken: { type: 'core/v1.ServiceAccountTokenProjection', tag: 4 },
      clusterTrustBundle: { type: 'core/v1.ClusterTrustBundleProjection', tag: 5 },
      podCertificate: { type: 'core/v1.PodCertificateProjection', tag: 6 },
    },
  },
  'core/v1.VolumeResourceRequirements': {
    fields: {
      limits: { type: 'quantity', map: true, tag: 1, go: 'v1.ResourceList' },
      requests: { type: 'quantity', map: true, tag: 2, go: 'v1.ResourceList' },
    },
  },
  'core/v1.VolumeSource': {
    fields: {
      hostPath: { type: 'core/v1.HostPathVolumeSource', tag: 1 },
      emptyDir: { type: 'core/v1.EmptyDirVolumeSource', tag: 2 },
      gcePersistentDisk: { type: 'core/v1.GCEPersistentDiskVolumeSource', tag: 3 },
      awsElasticBlockStore: { type: 'core/v1.AWSElasticBlockStoreVolumeSource', tag: 4 },
      gitRepo: { type: 'core/v1.GitRepoVolumeSource', tag: 5 },
      secret: { type: 'core/v1.SecretVolumeSource', tag: 6 },
      nfs: { type: 'core/v1.NFSVolumeSource', tag: 7 },
      iscsi: { type: 'core/v1.ISCSIVolumeSource', tag: 8 },
      glusterfs: { type: 'core/v1.GlusterfsVolumeSource', tag: 9 },
      persistentVolumeClaim: { type: 'core/v1.PersistentVolumeClaimVolumeSource', tag: 10 },
      rbd: { type: 'core/v1.RBDVolumeSource', tag: 11 },
      flexVolume: { type: 'core/v1.FlexVolumeSource', tag: 12 },
      cinder: { type: 'core/v1.CinderVolumeSource', tag: 13 },
      cephfs: { type: 'core/v1.CephFSVolumeSource', tag: 14 },
      flocker: { type: 'core/v1.FlockerVolumeSource', tag: 15 },
      downwardAPI: { type: 'core/v1.DownwardAPIVolumeSource', tag: 16 },
      fc: { type: 'core/v1.FCVolumeSource', tag: 17 },
      azureFile: { type: 'core/v1.AzureFileVolumeSource', tag: 18 },
      configMap: { type: 'core/v1.ConfigMapVolumeSource', tag: 19 },
      vsphereVolume: { type: 'core/v1.VsphereVirtualDiskVolumeSource', tag: 20 },
      quobyte: { type: 'core/v1.QuobyteVolumeSource', tag: 21 },
      azureDisk: { type: 'core/v1.AzureDiskVolumeSource', tag: 22 },
      photonPersistentDisk: { type: 'core/v1.PhotonPersistentDiskVolumeSource', tag: 23 },
      projected: { type: 'core/v1.ProjectedVolumeSource', tag: 26 },
      portworxVolume: { type: 'core/v1.PortworxVolumeSource', tag: 24 },
      scaleIO: { type: 'core/v1.ScaleIOVolumeSource', tag: 25 },
      storageos: { type: 'core/v1.StorageOSVolumeSource', tag: 27 },
      csi: { type: 'core/v1.CSIVolumeSource', tag: 28 },
      ephemeral: { type: 'core/v1.EphemeralVolumeSource', tag: 29 },
      image: { type: 'core/v1.ImageVolumeSource', tag: 30 },
    },
  },
  'core/v1.VolumeStatus': {
    fields: {
      image: { type: 'core/v1.ImageVolumeStatus', tag: 1 },
    },
  },
  'core/v1.VsphereVirtualDiskVolumeSource': {
    fields: {
      volumePath: { type: 'string', tag: 1, required: true },
      fsType: { type: 'string', tag: 2 },
      storagePolicyName: { type: 'string', tag: 3 },
      storagePolicyID: { type: 'string', tag: 4 },
    },
  },
  'core/v1.WeightedPodAffinityTerm': {
    fields: {
      weight: { type: 'int32', tag: 1, required: true },
      podAffinityTerm: { type: 'core/v1.PodAffinityTerm', tag: 2, required: true },
    },
  },
  'core/v1.WindowsSecurityContextOptions': {
    fields: {
      gmsaCredentialSpecName: { type: 'string', tag: 1, pointer: true },
      gmsaCredentialSpec: { type: 'string', tag: 2, pointer: true },
      runAsUserName: { type: 'string', tag: 3, pointer: true },
      hostProcess: { type: 'bool', tag: 4, pointer: true },
    },
  },
} as const satisfies TypeTable;
