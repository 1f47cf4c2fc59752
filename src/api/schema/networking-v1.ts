import type { TypeTable } from './record.ts';

/** The types of package networking/v1. */
export const networkingV1 = {
  'networking/v1.HTTPIngressPath': {
    fields: {
      path: { type: 'string', tag: 1 },
      pathType: { type: 'string', tag: 3, required: true, pointer: true, go: 'v1.PathType' },
      backend: { type: 'networking/v1.IngressBackend', tag: 2, required: true },
    },
  },
  'networking/v1.HTTPIngressRuleValue': {
    fields: {
      paths: { type: 'networking/v1.HTTPIngressPath', tag: 1, list: 'atomic', required: true },
    },
  },
  'networking/v1.IPAddress': {
    gvk: [{ group: 'networking.k8s.io', version: 'v1', kind: 'IPAddress' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'networking/v1.IPAddressSpec', tag: 2, required: true },
    },
  },
  'networking/v1.IPAddressSpec': {
    fields: {
      parentRef: { type: 'networking/v1.ParentReference', tag: 1, required: true, written: false },
    },
  },
  'networking/v1.IPBlock': {
    fields: {
      cidr: { type: 'string', tag: 1, required: true },
      except: { type: 'string', tag: 2, list: 'atomic' },
    },
  },
  'networking/v1.Ingress': {
    gvk: [{ group: 'networking.k8s.io', version: 'v1', kind: 'Ingress' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'networking/v1.IngressSpec', tag: 2, written: true },
      status: { type: 'networking/v1.IngressStatus', tag: 3, written: true },
    },
  },
  'networking/v1.IngressBackend': {
    fields: {
      service: { type: 'networking/v1.IngressServiceBackend', tag: 4 },
      resource: { type: 'core/v1.TypedLocalObjectReference', tag: 3 },
    },
  },
  'networking/v1.IngressClass': {
    gvk: [{ group: 'networking.k8s.io', version: 'v1', kind: 'IngressClass' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'networking/v1.IngressClassSpec', tag: 2, written: true },
    },
  },
  'networking/v1.IngressClassParametersReference': {
    fields: {
      apiGroup: { type: 'string', tag: 1, pointer: true },
      kind: { type: 'string', tag: 2, required: true },
      name: { type: 'string', tag: 3, required: true },
      scope: { type: 'string', tag: 4, required: true, optional: true, pointer: true },
      namespace: { type: 'string', tag: 5, pointer: true },
    },
  },
  'networking/v1.IngressClassSpec': {
    fields: {
      controller: { type: 'string', tag: 1 },
      parameters: { type: 'networking/v1.IngressClassParametersReference', tag: 2 },
    },
  },
  'networking/v1.IngressLoadBalancerIngress': {
    fields: {
      ip: { type: 'string', tag: 1 },
      hostname: { type: 'string', tag: 2 },
      ports: { type: 'networking/v1.IngressPortStatus', tag: 4, list: 'atomic' },
    },
  },
  'networking/v1.IngressLoadBalancerStatus': {
    fields: {
      ingress: { type: 'networking/v1.IngressLoadBalancerIngress', tag: 1, list: 'atomic' },
    },
  },
  'networking/v1.IngressPortStatus': {
    fields: {
      port: { type: 'int32', tag: 1, required: true },
      protocol: { type: 'string', tag: 2, required: true, go: 'v1.Protocol' },
      error: { type: 'string', tag: 3, pointer: true },
    },
  },
  'networking/v1.IngressRule': {
    fields: {
      host: { type: 'string', tag: 1 },
      ingressRuleValue: { type: 'networking/v1.IngressRuleValue', tag: 2, inline: true },
    },
  },
  'networking/v1.IngressRuleValue': {
    fields: {
      http: { type: 'networking/v1.HTTPIngressRuleValue', tag: 1 },
    },
  },
  'networking/v1.IngressServiceBackend': {
    fields: {
      name: { type: 'string', tag: 1, required: true },
      port: { type: 'networking/v1.ServiceBackendPort', tag: 2, written: true },
    },
  },
  'networking/v1.IngressSpec': {
    fields: {
      ingressClassName: { type: 'string', tag: 4, pointer: true },
      defaultBackend: { type: 'networking/v1.IngressBackend', tag: 1 },
      tls: { type: 'networking/v1.IngressTLS', tag: 2, list: 'atomic' },
      rules: { type: 'networking/v1.IngressRule', tag: 3, list: 'atomic' },
    },
  },
  'networking/v1.IngressStatus': {
    fields: {
      loadBalancer: { type: 'networking/v1.IngressLoadBalancerStatus', tag: 1, written: true },
    },
  },
  'networking/v1.IngressTLS': {
    fields: {
      hosts: { type: 'string', tag: 1, list: 'atomic' },
      secretName: { type: 'string', tag: 2 },
    },
  },
  'networking/v1.NetworkPolicy': {
    gvk: [{ group: 'networking.k8s.io', version: 'v1', kind: 'NetworkPolicy' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'networking/v1.NetworkPolicySpec', tag: 2, written: true },
    },
  },
  'networking/v1.NetworkPolicyEgressRule': {
    fields: {
      ports: { type: 'networking/v1.NetworkPolicyPort', tag: 1, list: 'atomic' },
      to: { type: 'networking/v1.NetworkPolicyPeer', tag: 2, list: 'atomic' },
    },
  },
  'networking/v1.NetworkPolicyIngressRule': {
    fields: {
      ports: { type: 'networking/v1.NetworkPolicyPort', tag: 1, list: 'atomic' },
      from: { type: 'networking/v1.NetworkPolicyPeer', tag: 2, list: 'atomic' },
    },
  },
  'networking/v1.NetworkPolicyPeer': {
    fields: {
      podSelector: { type: 'meta/v1.LabelSelector', tag: 1 },
      namespaceSelector: { type: 'meta/v1.LabelSelector', tag: 2 },
      ipBlock: { type: 'networking/v1.IPBlock', tag: 3 },
    },
  },
  'networking/v1.NetworkPolicyPort': {
    fields: {
      protocol: { type: 'string', tag: 1, pointer: true, go: 'v1.Protocol' },
      port: { type: 'intOrString', tag: 2, pointer: true },
      endPort: { type: 'int32', tag: 3, pointer: true },
    },
  },
  'networking/v1.NetworkPolicySpec': {
    fields: {
      podSelector: { type: 'meta/v1.LabelSelector', tag: 1, written: true },
      ingress: { type: 'networking/v1.NetworkPolicyIngressRule', tag: 2, list: 'atomic' },
      egress: { type: 'networking/v1.NetworkPolicyEgressRule', tag: 3, list: 'atomic' },
      policyTypes: { type: 'string', tag: 4, list: 'atomic', go: '[]v1.PolicyType' },
    },
  },
  'networking/v1.ParentReference': {
    fields: {
      group: { type: 'string', tag: 1 },
      resource: { type: 'string', tag: 2, required: true, written: false },
      namespace: { type: 'string', tag: 3 },
      name: { type: 'string', tag: 4, required: true, written: false },
    },
  },
  'networking/v1.ServiceBackendPort': {
    atomic: true,
    fields: {
      name: { type: 'string', tag: 1 },
      number: { type: 'int32', tag: 2 },
    },
  },
  'networking/v1.ServiceCIDR': {
    gvk: [{ group: 'networking.k8s.io', version: 'v1', kind: 'ServiceCIDR' }],
    list: true,
    fields: {
      metadata: { type: 'meta/v1.ObjectMeta', tag: 1, written: true },
      spec: { type: 'networking/v1.ServiceCIDRSpec', tag: 2, written: true },
      status: { type: 'networking/v1.ServiceCIDRStatus', tag: 3, written: true },
    },
  },
  'networking/v1.ServiceCIDRSpec': {
    fields: {
      cidrs: { type: 'string', tag: 1, list: 'atomic' },
    },
  },
  'networking/v1.ServiceCIDRStatus': {
    fields: {
      conditions: { type: 'meta/v1.Condition', tag: 1, list: 'map', keys: ['type'], mergeKey: 'type', strategy: 'merge' },
    },
  },
} as const satisfies TypeTable;
