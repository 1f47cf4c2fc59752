/** What is wrong with an object that is to be stored: the rules of its kind, by resource. */
import type { FieldError } from '../field-errors.ts';
import { isObject } from '../own.ts';
import type { ResourceDefinition, ResourceName } from '../resources.ts';
import type { Loose, ObjectMeta, ObjectOf } from '../types.ts';
import type { resources } from '../resources.ts';
import {
  validateClaim,
  validateConfigMap,
  validateEvent,
  validateImmutableData,
  validateLease,
  validateNamespace,
  validateNode,
  validateNodeUpdate,
  validatePersistentVolume,
  validateSecret,
  validateSecretUpdate,
} from './core.ts';
import { validatePodResize } from './pod-resize.ts';
import { validateMetadata, validateMetadataUpdate } from './metadata.ts';
import {
  validateAutoscaler,
  validateCustomResourceDefinition,
  validateDisruptionBudget,
  validateIngress,
  validateStorageClass,
} from './others.ts';
import { validateEphemeralUpdate, validatePod, validatePodStatusUpdate, validatePodUpdate } from './pod.ts';
import { validateBinding, validateBindingUpdate, validateRole } from './rbac.ts';
import { validateService, validateServiceUpdate } from './service.ts';
import {
  validateCronJob,
  validateJobSpec,
  validateJobUpdate,
  validateSelecting,
  validateSelectorKept,
  validateStatefulSetUpdate,
  validateTemplate,
} from './workloads.ts';

type Table = typeof resources;
type Object_<N extends ResourceName> = Loose<ObjectOf<Table[N]['type']>>;
/** `create` sees every new object and, unless there is an `update`, every changed one too. */
interface Rules<O> {
  readonly create: (errors: FieldError[], object: O) => void;
  readonly update?: (errors: FieldError[], object: O, before: O) => void;
}

const rules: { readonly [N in ResourceName]?: Rules<Object_<N>> } = {
  pods: { create: validatePod, update: validatePodUpdate },
  configmaps: {
    create: validateConfigMap,
    update: (errors, map, before) => {
      validateImmutableData(errors, map, before);
      validateConfigMap(errors, map);
    },
  },
  secrets: { create: validateSecret, update: validateSecretUpdate },
  services: { create: validateService, update: validateServiceUpdate },
  namespaces: { create: validateNamespace },
  nodes: {
    create: validateNode,
    update: (errors, node, before) => {
      validateNode(errors, node);
      validateNodeUpdate(errors, node, before);
    },
  },
  events: { create: validateEvent },
  persistentvolumeclaims: { create: validateClaim, update: () => undefined },
  persistentvolumes: { create: validatePersistentVolume },
  podtemplates: { create: (errors, object) => validateTemplate(errors, 'template', object.template ?? {}) },
  'leases.coordination.k8s.io': { create: validateLease },
  'roles.rbac.authorization.k8s.io': { create: (errors, role) => validateRole(errors, role, true) },
  'clusterroles.rbac.authorization.k8s.io': { create: (errors, role) => validateRole(errors, role, false) },
  'rolebindings.rbac.authorization.k8s.io': {
    create: (errors, binding) => validateBinding(errors, binding, true),
    update: (errors, binding, before) => validateBindingUpdate(errors, binding, before, true),
  },
  'clusterrolebindings.rbac.authorization.k8s.io': {
    create: (errors, binding) => validateBinding(errors, binding, false),
    update: (errors, binding, before) => validateBindingUpdate(errors, binding, before, false),
  },
  'deployments.apps': selecting('deployment'),
  'replicasets.apps': selecting('replicaset'),
  'daemonsets.apps': selecting('daemonset'),
  'statefulsets.apps': {
    create: (errors, set) => validateSelecting(errors, set, 'statefulset'),
    update: (errors, set, before) => {
      validateSelecting(errors, set, 'statefulset');
      validateStatefulSetUpdate(errors, set, before);
    },
  },
  'jobs.batch': { create: (errors, job) => validateJobSpec(errors, 'spec', job.spec ?? {}), update: validateJobUpdate },
  'cronjobs.batch': { create: validateCronJob },
  'horizontalpodautoscalers.autoscaling': { create: validateAutoscaler },
  'poddisruptionbudgets.policy': { create: validateDisruptionBudget },
  'ingresses.networking.k8s.io': { create: validateIngress },
  'storageclasses.storage.k8s.io': { create: validateStorageClass },
  'customresourcedefinitions.apiextensions.k8s.io': { create: validateCustomResourceDefinition },
};

function selecting(name: string): Rules<Parameters<typeof validateSelecting>[1]> {
  return {
    create: (errors, object) => validateSelecting(errors, object, name),
    update: (errors, object, before) => {
      validateSelecting(errors, object, name);
      validateSelectorKept(errors, object, before);
    },
  };
}

/** The rules of a resource; what an object looks like is known by its type alone. */
function rulesOf(of: ResourceDefinition): Rules<object> | undefined {
  const name = of.group === '' ? of.resource : `${of.resource}.${of.group}`;
  return Object.hasOwn(rules, name) ? (rules as Readonly<Record<string, Rules<object> | undefined>>)[name] : undefined;
}

const metadataOf = (object: object): Loose<ObjectMeta> => {
  const { metadata } = object as { metadata?: unknown };
  return isObject(metadata) ? metadata : {};
};

/** What is wrong with a new object that was decoded, defaulted and prepared; its name must have been generated. */
export function validateCreate(of: ResourceDefinition, object: object): FieldError[] {
  const errors: FieldError[] = [];
  validateMetadata(errors, of, metadataOf(object));
  rulesOf(of)?.create(errors, object);
  return errors;
}

/** What is wrong with replacing `before` by `object`, through the object itself or one of its subresources. */
export function validateUpdate(of: ResourceDefinition, object: object, before: object, subresource = ''): FieldError[] {
  const errors: FieldError[] = [];
  validateMetadataUpdate(errors, metadataOf(object), metadataOf(before));
  const found = rulesOf(of);
  if (subresource === '') {
    if (found?.update !== undefined) found.update(errors, object, before);
    else found?.create(errors, object);
  } else if (of.resource === 'pods') {
    if (subresource === 'status') validatePodStatusUpdate(errors, object, before);
    if (subresource === 'ephemeralcontainers') validateEphemeralUpdate(errors, object, before);
    if (subresource === 'resize') return validatePodResize(errors, object, before);
  } else if (of.resource === 'namespaces' && subresource === 'finalize') found?.create(errors, object);
  return errors;
}
