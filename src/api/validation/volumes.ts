/** Volumes of a pod: exactly one source each, with paths that stay where they belong (`pkg/apis/core/validation/validation.go`, ValidateVolumes). */
import { duplicate, forbiddenField, invalidValue, notSupported, required } from '../field-errors.ts';
import type { FieldError } from '../field-errors.ts';
import { dnsLabel } from '../names.ts';
import { quantityNanos } from '../quantity.ts';
import type { Loose, ObjectOf, Volume } from '../types.ts';
import { VOLUME_FIELDS, validateFieldRef, validateResourceRef } from './env.ts';
import { validateNoBacksteps, validateUnreserved } from './paths.ts';

type Projection = Loose<ObjectOf<'core/v1.VolumeProjection'>>;
type Items = readonly Loose<ObjectOf<'core/v1.KeyToPath'>>[];
type DownwardItems = readonly Loose<ObjectOf<'core/v1.DownwardAPIVolumeFile'>>[];
type Check = (errors: FieldError[], path: string, volume: Loose<Volume>) => void;

const MAX_MODE = 0o777;
const MIN_TOKEN_SECONDS = 600;
const MAX_TOKEN_SECONDS = 2 ** 32;
const HOST_PATH_TYPES = ['', 'DirectoryOrCreate', 'Directory', 'FileOrCreate', 'File', 'Socket', 'CharDevice', 'BlockDevice'];

function validateMode(errors: FieldError[], path: string, mode: number | undefined): void {
  if (mode !== undefined && (mode < 0 || mode > MAX_MODE))
    errors.push(invalidValue(path, mode, 'must be a number between 0 and 0777 (octal), both inclusive'));
}

const need = (errors: FieldError[], path: string, value: string | undefined): void => {
  if (!value) errors.push(required(path));
};

function validateItems(errors: FieldError[], path: string, items: Items): void {
  for (const [i, item] of items.entries()) {
    need(errors, `${path}[${i}].key`, item.key);
    if (!item.path) errors.push(required(`${path}[${i}].path`));
    else validateUnreserved(errors, `${path}[${i}].path`, item.path);
    validateMode(errors, `${path}[${i}].mode`, item.mode);
  }
}

function validateDownwardItems(errors: FieldError[], path: string, items: DownwardItems): void {
  for (const item of items) {
    if (!item.path) errors.push(required(`${path}.path`));
    else validateUnreserved(errors, `${path}.path`, item.path);
    if (item.fieldRef) {
      validateFieldRef(errors, `${path}.fieldRef`, item.fieldRef, VOLUME_FIELDS);
      if (item.resourceFieldRef)
        errors.push(invalidValue(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
    } else if (item.resourceFieldRef) validateResourceRef(errors, `${path}.resourceFieldRef`, item.resourceFieldRef, true);
    else errors.push(required(path, 'one of fieldRef and resourceFieldRef is required'));
    validateMode(errors, `${path}.mode`, item.mode);
  }
}

const PROJECTIONS: Readonly<Record<string, (errors: FieldError[], path: string, source: Projection) => void>> = {
  secret: (errors, path, { secret }) => {
    need(errors, `${path}.name`, secret?.name);
    validateItems(errors, `${path}.items`, secret?.items ?? []);
  },
  configMap: (errors, path, { configMap }) => {
    need(errors, `${path}.name`, configMap?.name);
    validateItems(errors, `${path}.items`, configMap?.items ?? []);
  },
  downwardAPI: (errors, path, { downwardAPI }) => validateDownwardItems(errors, path, downwardAPI?.items ?? []),
  serviceAccountToken: (errors, path, { serviceAccountToken: token }) => {
    const seconds = token?.expirationSeconds ?? 0;
    if (seconds < MIN_TOKEN_SECONDS)
      errors.push(invalidValue(`${path}.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'));
    if (seconds > MAX_TOKEN_SECONDS)
      errors.push(invalidValue(`${path}.expirationSeconds`, seconds, 'may not specify a duration larger than 2^32 seconds'));
    if (!token?.path) errors.push(required(`${path}.path`));
    else validateUnreserved(errors, `${path}.path`, token.path);
  },
  clusterTrustBundle: (errors, path, { clusterTrustBundle }) => need(errors, `${path}.path`, clusterTrustBundle?.path),
  podCertificate: (errors, path, { podCertificate }) => need(errors, `${path}.signerName`, podCertificate?.signerName),
};

function validateProjected(errors: FieldError[], path: string, volume: Loose<Volume>): void {
  validateMode(errors, `${path}.defaultMode`, volume.projected?.defaultMode);
  for (const [i, source] of (volume.projected?.sources ?? []).entries()) {
    const at = `${path}.sources[${i}]`;
    const kinds = Object.keys(source);
    const [first, ...more] = kinds;
    if (first === undefined) errors.push(required(at, 'must specify a volume type'));
    else PROJECTIONS[first]?.(errors, `${at}.${first}`, source);
    for (const kind of more) errors.push(forbiddenField(`${at}.${kind}`, 'may not specify more than 1 volume type'));
  }
}

/** Sources in the order in which the API looks at them; what needs no check of its own is only counted. */
const SOURCES: Readonly<Record<string, Check>> = {
  emptyDir: (errors, path, { emptyDir }) => {
    if (emptyDir?.sizeLimit !== undefined && quantityNanos(emptyDir.sizeLimit) < 0n) {
      errors.push(forbiddenField(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity'));
    }
  },
  hostPath: (errors, path, { hostPath }) => {
    need(errors, `${path}.path`, hostPath?.path);
    if (hostPath?.path) validateNoBacksteps(errors, `${path}.path`, hostPath.path);
    const type = hostPath?.type ?? '';
    if (!HOST_PATH_TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type, HOST_PATH_TYPES.toSorted()));
  },
  gitRepo: (errors, path, { gitRepo }) => {
    need(errors, `${path}.repository`, gitRepo?.repository);
    if (gitRepo?.directory) validateUnreserved(errors, `${path}.directory`, gitRepo.directory);
  },
  gcePersistentDisk: (errors, path, { gcePersistentDisk }) => need(errors, `${path}.pdName`, gcePersistentDisk?.pdName),
  awsElasticBlockStore: (errors, path, { awsElasticBlockStore }) => need(errors, `${path}.volumeID`, awsElasticBlockStore?.volumeID),
  secret: (errors, path, { secret }) => {
    need(errors, `${path}.secretName`, secret?.secretName);
    validateMode(errors, `${path}.defaultMode`, secret?.defaultMode);
    validateItems(errors, `${path}.items`, secret?.items ?? []);
  },
  nfs: (errors, path, { nfs }) => {
    need(errors, `${path}.server`, nfs?.server);
    if (!nfs?.path) errors.push(required(`${path}.path`));
    else if (!nfs.path.startsWith('/')) errors.push(invalidValue(`${path}.path`, nfs.path, 'must be an absolute path'));
  },
  iscsi: (errors, path, { iscsi }) => need(errors, `${path}.targetPortal`, iscsi?.targetPortal),
  glusterfs: (errors, path, { glusterfs }) => need(errors, `${path}.endpoints`, glusterfs?.endpoints),
  flocker: () => undefined,
  persistentVolumeClaim: (errors, path, { persistentVolumeClaim }) => need(errors, `${path}.claimName`, persistentVolumeClaim?.claimName),
  rbd: (errors, path, { rbd }) => need(errors, `${path}.image`, rbd?.image),
  cinder: (errors, path, { cinder }) => need(errors, `${path}.volumeID`, cinder?.volumeID),
  cephfs: () => undefined,
  quobyte: () => undefined,
  downwardAPI: (errors, path, { downwardAPI }) => {
    validateMode(errors, `${path}.defaultMode`, downwardAPI?.defaultMode);
    validateDownwardItems(errors, path, downwardAPI?.items ?? []);
  },
  fc: () => undefined,
  flexVolume: (errors, path, { flexVolume }) => need(errors, `${path}.driver`, flexVolume?.driver),
  configMap: (errors, path, { configMap }) => {
    need(errors, `${path}.name`, configMap?.name);
    validateMode(errors, `${path}.defaultMode`, configMap?.defaultMode);
    validateItems(errors, `${path}.items`, configMap?.items ?? []);
  },
  azureFile: () => undefined,
  vsphereVolume: () => undefined,
  photonPersistentDisk: () => undefined,
  portworxVolume: () => undefined,
  azureDisk: () => undefined,
  storageos: () => undefined,
  projected: validateProjected,
  scaleIO: () => undefined,
  csi: (errors, path, { csi }) => need(errors, `${path}.driver`, csi?.driver),
  ephemeral: (errors, path, { ephemeral }) => {
    if (ephemeral?.volumeClaimTemplate === undefined) errors.push(required(`${path}.volumeClaimTemplate`));
  },
  image: (errors, path, { image }) => {
    need(errors, `${path}.reference`, image?.reference);
  },
};

/** Pushes an error for each source beyond the first, and checks the first. */
function validateSource(errors: FieldError[], path: string, volume: Loose<Volume>): void {
  const present = Object.keys(SOURCES).filter((kind) => Object.hasOwn(volume, kind) && volume[kind as keyof Volume] !== undefined);
  const [first, ...more] = present;
  if (first === undefined) errors.push(required(path, 'must specify a volume type'));
  else SOURCES[first]?.(errors, `${path}.${first}`, volume);
  for (const kind of more) errors.push(forbiddenField(`${path}.${kind}`, 'may not specify more than 1 volume type'));
}

/** Pushes what is wrong with a pod's volumes; answers with their names. */
export function validateVolumes(errors: FieldError[], path: string, volumes: readonly Loose<Volume>[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [i, volume] of volumes.entries()) {
    const { name = '' } = volume;
    const at = `${path}[${i}]`;
    const before = errors.length;
    validateSource(errors, at, volume);
    if (name === '') errors.push(required(`${at}.name`));
    else for (const fault of dnsLabel(name)) errors.push(invalidValue(`${at}.name`, name, fault));
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    if (errors.length === before) names.add(name);
  }
  return names;
}
