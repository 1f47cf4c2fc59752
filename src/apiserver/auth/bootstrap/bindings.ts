/** The bindings that every cluster starts with (kubernetes `bootstrappolicy`, v1.36). */
import { CONTROLLER_ROLES } from './controller-roles.ts';
import type { BindingRecord } from './record.ts';

const CONTROLLER = 'system:controller:';

export const CLUSTER_ROLE_BINDINGS: readonly BindingRecord[] = [
  { name: 'cluster-admin', role: 'ClusterRole/cluster-admin', subjects: ['Group system:masters'] },
  { name: 'system:basic-user', role: 'ClusterRole/system:basic-user', subjects: ['Group system:authenticated'] },
  { name: 'system:discovery', role: 'ClusterRole/system:discovery', subjects: ['Group system:authenticated'] },
  {
    name: 'system:kube-controller-manager',
    role: 'ClusterRole/system:kube-controller-manager',
    subjects: ['User system:kube-controller-manager'],
  },
  { name: 'system:kube-dns', role: 'ClusterRole/system:kube-dns', subjects: ['ServiceAccount kube-system/kube-dns'] },
  { name: 'system:kube-scheduler', role: 'ClusterRole/system:kube-scheduler', subjects: ['User system:kube-scheduler'] },
  { name: 'system:monitoring', role: 'ClusterRole/system:monitoring', subjects: ['Group system:monitoring'] },
  { name: 'system:node', role: 'ClusterRole/system:node', subjects: [] },
  { name: 'system:node-proxier', role: 'ClusterRole/system:node-proxier', subjects: ['User system:kube-proxy'] },
  {
    name: 'system:public-info-viewer',
    role: 'ClusterRole/system:public-info-viewer',
    subjects: ['Group system:authenticated', 'Group system:unauthenticated'],
  },
  {
    name: 'system:service-account-issuer-discovery',
    role: 'ClusterRole/system:service-account-issuer-discovery',
    subjects: ['Group system:serviceaccounts'],
  },
  { name: 'system:volume-scheduler', role: 'ClusterRole/system:volume-scheduler', subjects: ['User system:kube-scheduler'] },
  // What this API server itself is to the kubelet; kubeadm makes the same binding.
  {
    name: 'kubeadm:apiserver-kubelet-client',
    role: 'ClusterRole/system:kubelet-api-admin',
    subjects: ['User kube-apiserver-kubelet-client'],
  },
  // Each controller is the ServiceAccount of its role's name.
  ...CONTROLLER_ROLES.map(({ name }) => ({
    name,
    role: `ClusterRole/${name}`,
    subjects: [`ServiceAccount kube-system/${name.slice(CONTROLLER.length)}`],
  })),
];

export const ROLE_BINDINGS: readonly BindingRecord[] = [
  {
    namespace: 'kube-public',
    name: 'system:controller:bootstrap-signer',
    role: 'Role/system:controller:bootstrap-signer',
    subjects: ['ServiceAccount kube-system/bootstrap-signer'],
  },
  {
    namespace: 'kube-system',
    name: 'system::extension-apiserver-authentication-reader',
    role: 'Role/extension-apiserver-authentication-reader',
    subjects: ['User system:kube-controller-manager', 'User system:kube-scheduler'],
  },
  {
    namespace: 'kube-system',
    name: 'system::leader-locking-kube-controller-manager',
    role: 'Role/system::leader-locking-kube-controller-manager',
    subjects: [
      'User system:kube-controller-manager',
      'ServiceAccount kube-system/kube-controller-manager',
      'ServiceAccount kube-system/leader-election-controller',
    ],
  },
  {
    namespace: 'kube-system',
    name: 'system::leader-locking-kube-scheduler',
    role: 'Role/system::leader-locking-kube-scheduler',
    subjects: ['User system:kube-scheduler', 'ServiceAccount kube-system/kube-scheduler'],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:bootstrap-signer',
    role: 'Role/system:controller:bootstrap-signer',
    subjects: ['ServiceAccount kube-system/bootstrap-signer'],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:cloud-provider',
    role: 'Role/system:controller:cloud-provider',
    subjects: ['ServiceAccount kube-system/cloud-provider'],
  },
  {
    namespace: 'kube-system',
    name: 'system:controller:token-cleaner',
    role: 'Role/system:controller:token-cleaner',
    subjects: ['ServiceAccount kube-system/token-cleaner'],
  },
];
