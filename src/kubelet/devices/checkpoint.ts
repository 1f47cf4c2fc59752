/**
 * What a restarted kubelet must know of devices, in the original's file and form, so that either kubelet reads the other's
 * (kubernetes `pkg/kubelet/cm/devicemanager/checkpoint/checkpoint.go`, `pkg/kubelet/checkpointmanager/checksum/checksum.go`).
 */
import { isObject } from '../../api/own.ts';
import { fnv32a } from '../spec/labels.ts';

export const CHECKPOINT_FILE = 'kubelet_internal_checkpoint';

export interface CheckpointEntry {
  readonly PodUID: string;
  readonly ContainerName: string;
  readonly ResourceName: string;
  /** Device ids by NUMA node. */
  readonly DeviceIDs: Readonly<Record<string, readonly string[] | null>> | null;
  /** The plugin's answer, in base64. */
  readonly AllocResp: string | null;
}

export interface CheckpointData {
  readonly PodDeviceEntries: readonly CheckpointEntry[] | null;
  /** Healthy devices by resource. */
  readonly RegisteredDevices: Readonly<Record<string, readonly string[] | null>> | null;
}

export const checkpointText = (data: CheckpointData): string => JSON.stringify({ Data: data, Checksum: checksum(data) });

/** Reads a file of either kubelet. Throws an Error that says what is wrong with it. */
export function parseCheckpoint(text: string): CheckpointData {
  const file: unknown = JSON.parse(text);
  if (!isObject(file) || !isCheckpointData(file['Data'])) throw new Error('this is no checkpoint of devices');
  const actual = checksum(file['Data']);
  if (file['Checksum'] !== actual) throw new Error(`checkpoint is corrupted: its checksum is ${actual}, not ${String(file['Checksum'])}`);
  return file['Data'];
}

/** FNV-32a of the data as Go's spew prints them for hashes. */
function checksum({ PodDeviceEntries, RegisteredDevices }: CheckpointData): number {
  const entries = listText(PodDeviceEntries, entryText);
  return fnv32a(
    `(checkpoint.checkpointData){PodDeviceEntries:([]checkpoint.PodDevicesEntry)${entries} RegisteredDevices:(map[string][]string)${mapText(RegisteredDevices, byBytes)}}`,
  );
}

const entryText = (entry: CheckpointEntry): string =>
  `{PodUID:(string)${entry.PodUID} ContainerName:(string)${entry.ContainerName} ResourceName:(string)${entry.ResourceName} ` +
  `DeviceIDs:(checkpoint.DevicesPerNUMA)${mapText(entry.DeviceIDs, byNumber)} ` +
  `AllocResp:([]uint8)${listText(entry.AllocResp === null ? null : [...Buffer.from(entry.AllocResp, 'base64')], String)}}`;

const listText = <T>(list: readonly T[] | null, text: (item: T) => string): string =>
  list === null ? '<nil>' : `[${list.map(text).join(' ')}]`;

function mapText(map: Readonly<Record<string, readonly string[] | null>> | null, order: (a: string, b: string) => number): string {
  if (map === null) return '<nil>';
  const keys = Object.keys(map).toSorted(order);
  return `map[${keys.map((key) => `${key}:${listText(map[key] ?? null, String)}`).join(' ')}]`;
}

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const byNumber = (a: string, b: string): number => Number(a) - Number(b);

const isNames = (value: unknown): boolean => value === null || (Array.isArray(value) && value.every((item) => typeof item === 'string'));
const isNamesByKey = (value: unknown): boolean => value === null || (isObject(value) && Object.values(value).every(isNames));

function isCheckpointData(value: unknown): value is CheckpointData {
  if (!isObject(value) || !isNamesByKey(value['RegisteredDevices'])) return false;
  const entries = value['PodDeviceEntries'];
  return entries === null || (Array.isArray(entries) && entries.every(isEntry));
}

const isEntry = (value: unknown): boolean =>
  isObject(value) &&
  ['PodUID', 'ContainerName', 'ResourceName'].every((key) => typeof value[key] === 'string') &&
  isNamesByKey(value['DeviceIDs']) &&
  (value['AllocResp'] === null || typeof value['AllocResp'] === 'string');
