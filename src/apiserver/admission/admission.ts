/** The admission plug-ins of the one-node API server, in the order in which they run. */
import type { AdmissionPlugin } from '../endpoint.ts';
import { defaultTolerationsAdmission } from './default-tolerations.ts';
import { limitRangerAdmission } from './limit-ranger.ts';
import { nodeTaintAdmission } from './node-taint.ts';
import { priorityAdmission } from './priority.ts';
import { runtimeClassAdmission } from './runtime-class.ts';
import { defaultStorageClassAdmission, storageProtectionAdmission } from './storage.ts';
import { serviceAccountAdmission } from './service-account.ts';

export const admissionPlugins: readonly AdmissionPlugin[] = [
  limitRangerAdmission,
  serviceAccountAdmission,
  nodeTaintAdmission,
  priorityAdmission,
  defaultTolerationsAdmission,
  runtimeClassAdmission,
  defaultStorageClassAdmission,
  storageProtectionAdmission,
];
