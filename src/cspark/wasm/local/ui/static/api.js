// The calls of the page. Each is one of the runner's documented API, and is kept so that the page can show it.

/** @import {Json, Row} from './values.js' */

/** @typedef {{name: string, description: string | null, address: string | null}} Cell */
/** @typedef {{tenant: string, folder: string, service: string, version: string, uri: string, service_id: string | null,
 *   version_id: string, description: string | null, author: string | null, released: string | null, from: string | null,
 *   until: string | null, inputs: Cell[], outputs: Cell[]}} Service */
/** @typedef {{method: string, path: string, request: Json | null, status: number, answer: Json | string,
 *   milliseconds: number, number: number}} Call */
/** @typedef {{source_path?: string, message?: string, error_category?: string}} Entry */
/** @typedef {{outputs: Row, warnings: Entry[], errors: Entry[], modelTime: number, callTime: number}} Result */
/** @typedef {{validation_type?: string, operator?: string, default_value?: Json, min?: Json, max?: Json,
 *   options?: Json[], error_title?: string, error_message?: string}} Rule */
/** @typedef {{[name: string]: Rule | null}} Rules */

export const ROOT = new URL('../', document.baseURI);
const MOST_CALLS = 40;

/** The calls so far, newest first.
 * @type {Call[]} */
export let calls = [];
/** @type {Set<() => void>} */
const listeners = new Set();
let count = 0;

/** Be told of each call.
 * @param {() => void} listener */
export function onCall(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** @param {Omit<Call, 'number'>} call */
function keep(call) {
  calls = [{...call, number: ++count}, ...calls].slice(0, MOST_CALLS);
  for (const listener of listeners) listener();
}

export class CallError extends Error {}

/** Make a call.
 * @param {string} path The path within the runner, without a slash before it.
 * @param {Json} [body]
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>} */
export async function call(path, body, signal) {
  const started = performance.now();
  const method = body === undefined ? 'GET' : 'POST';
  const response = await fetch(new URL(path, ROOT), {
    method,
    signal: signal ?? null,
    ...(body === undefined ? {} : {body: JSON.stringify(body), headers: {'content-type': 'application/json'}}),
  });
  const answer = await response.json();
  const milliseconds = performance.now() - started;
  if (!path.startsWith('ui/') && path !== 'status') {
    keep({method, path, request: body ?? null, status: response.status, answer, milliseconds});
  }
  if (!response.ok) throw new CallError(problemOf(answer) || `${method} ${path} answered ${response.status}`);
  return answer;
}

/** The message in an answer that is an error.
 * @param {any} answer */
function problemOf(answer) {
  const error = answer?.error ?? answer?.errors?.[0] ?? answer;
  return typeof error === 'string' ? error : error?.message ?? '';
}

/** @param {Service} service
 * @param {string} rest */
function at(service, rest) {
  return `${encodeURIComponent(service.tenant)}/api/${rest}`;
}

/** The body of a call with one record, as the Execute API v3 takes it.
 * @param {Service} service
 * @param {Row} inputs */
export function executeBody(service, inputs) {
  return {request_data: {inputs}, request_meta: {version_id: service.version_id, call_purpose: 'Single Execution'}};
}

/** The path of a call with one record.
 * @param {Service} service */
export function executePath(service) {
  return at(service, 'v3/execute');
}

/** Execute a service with one record.
 * @param {Service} service
 * @param {Row} inputs
 * @param {AbortSignal} [signal]
 * @returns {Promise<Result>} */
export async function execute(service, inputs, signal) {
  const started = performance.now();
  const answer = await call(executePath(service), executeBody(service, inputs), signal);
  const data = answer.response_data ?? {};
  return {
    outputs: data.outputs ?? {},
    warnings: data.warnings ?? [],
    errors: data.errors ?? [],
    modelTime: answer.response_meta?.process_time ?? 0,
    callTime: performance.now() - started,
  };
}

/** Execute a service with many records in one call.
 * @param {Service} service
 * @param {Row[]} records
 * @returns {Promise<{outputs: (Row | null)[], errors: (Entry[] | null)[]}>} */
export async function executeMany(service, records) {
  const names = [...new Set(records.flatMap(record => Object.keys(record)))];
  const isSameNames = records.every(record => Object.keys(record).length === names.length);
  const inputs = isSameNames
    ? [names, ...records.map(record => names.map(name => record[name] ?? null))]
    : records;
  return call(at(service, 'v4/execute'), {inputs, version_id: service.version_id, call_purpose: 'What if'});
}

/** The rules of the inputs.
 * @param {Service} service
 * @param {Row | null} inputs None for the rules of the cells alone, else those that depend on other inputs too.
 * @param {AbortSignal} [signal]
 * @returns {Promise<Rules>} */
export async function validate(service, inputs, signal) {
  const meta = {version_id: service.version_id, service_id: service.service_id};
  const body = inputs
    ? {request_data: {inputs}, request_meta: {...meta, validation_type: 'dynamic'}}
    : {request_data: {inputs: {}}, request_meta: meta};
  const answer = await call(at(service, 'v3/validation'), body, signal);
  return answer.response_data?.outputs ?? {};
}

/** The colours, fonts and images of a service.
 * @param {Service} service
 * @returns {Promise<Row>} */
export async function metadata(service) {
  const meta = {version_id: service.version_id, service_id: service.service_id};
  const answer = await call(at(service, 'v3/metadata'), {request_data: {inputs: {}}, request_meta: meta});
  return answer.response_data?.outputs ?? {};
}

/** Upload a package.
 * @param {File} file
 * @param {(share: number) => void} onProgress
 * @returns {Promise<void>} */
export function upload(file, onProgress) {
  const form = new FormData();
  form.append('file', file);
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.onprogress = event => onProgress(event.total ? event.loaded / event.total : 0);
    request.onerror = () => reject(new CallError('the runner did not answer'));
    request.onload = () => {
      /** @type {Json | string} */
      let answer = request.responseText;
      try {
        answer = JSON.parse(answer);
      } catch {
        // shown as it came
      }
      const milliseconds = performance.now() - started;
      keep({method: 'POST', path: 'api/v3/upload', request: {file: file.name}, status: request.status, answer, milliseconds});
      if (request.status < 300) resolve();
      else reject(new CallError(problemOf(answer) || `the runner answered ${request.status}`));
    };
    request.open('POST', new URL('api/v3/upload', ROOT));
    request.send(form);
  });
}
