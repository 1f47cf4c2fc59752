/** Server-side apply (apiserver `pkg/endpoints/handlers/patch.go` applyPatcher). */
import { applyObject } from '../../api/apply/apply.ts';
import { decode, DecodeError } from '../../api/decode.ts';
import { copyJson, isObject, type JsonObject } from '../../api/own.ts';
import { badRequest } from '../../api/status.ts';
import { goTime } from '../../api/time.ts';
import type { KubeObject } from '../../api/types.ts';
import { parseYaml } from '../../api/yaml.ts';
import { errorText } from '../../util/log.ts';
import { apiVersionOf } from '../gvk.ts';
import { readAll } from '../http/body.ts';
import { updateObject } from '../registry/update.ts';
import { includeObject, sendObject } from './encode.ts';
import { formOf, targetOf, type ResourceRequest } from './request.ts';
import { writeOptions } from './write-options.ts';

/** PATCH with what a manager wants the object to be; creates it when there is none. Throws StatusError. */
export async function applyObjectPatch(request: ResourceRequest): Promise<void> {
  const { core, exchange, definition, view, query } = request;
  const form = formOf(request);
  const { write, force } = writeOptions(request, 'PatchOptions', true);
  const patch = await readApplied(request);
  const target = targetOf(request);
  const { entry, created } = await updateObject(
    core,
    target,
    (present) => {
      const writer = {
        manager: write.manager,
        apiVersion: apiVersionOf(definition),
        ...(target.subresource !== '' && { subresource: target.subresource }),
        time: goTime(core.clock.now()),
        force,
      };
      return applyObject(definition.type, present, copyJson(patch), writer) as unknown as KubeObject;
    },
    write,
    { mayCreate: true, fieldsRecorded: true, fromPresent: true },
  );
  await sendObject(exchange, created ? 201 : 200, view, entry, { form, include: includeObject(query), now: core.clock.now() });
}

/** The body in the form of the type. Fields that the type does not have are left in: the apply itself refuses them. */
async function readApplied(request: ResourceRequest): Promise<JsonObject> {
  const { definition, info } = request;
  const body = await readAll(request.exchange);
  let value: unknown;
  try {
    [value] = parseYaml(body.toString('utf8'));
  } catch (error) {
    throw badRequest(`error decoding YAML: error converting YAML to JSON: ${errorText(error)}`);
  }
  value ??= {};
  if (!isObject(value)) {
    const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
    throw badRequest(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`,
    );
  }
  const expected = apiVersionOf(definition);
  if (value['apiVersion'] !== expected) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${typeof value['apiVersion'] === 'string' ? value['apiVersion'] : ''}, expected: ${expected}`,
    );
  }
  const metadata = isObject(value['metadata']) ? value['metadata'] : {};
  const name = typeof metadata['name'] === 'string' && metadata['name'] !== '' ? metadata['name'] : info.name;
  if (name !== info.name) throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`);
  const formed = inTypeForm(request, value);
  const own = isObject(formed['metadata']) ? formed['metadata'] : {};
  return { ...formed, apiVersion: expected, kind: definition.kind, metadata: { ...own, name } };
}

function inTypeForm({ definition }: ResourceRequest, value: JsonObject): JsonObject {
  try {
    const { object, unknown } = decode(definition.type, value);
    return unknown.length > 0 ? value : object;
  } catch (error) {
    if (error instanceof DecodeError) throw badRequest(`error decoding patch: ${error.message}`);
    throw error;
  }
}
