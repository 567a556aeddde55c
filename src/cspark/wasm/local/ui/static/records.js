// A file of records: dropped, its columns mapped to inputs, executed by the library, and downloaded.

import {call, CallError, ROOT} from './api.js';
import {Drop} from './drop.js';
import {show} from './values.js';
import {html, useEffect, useState} from './vendor/preact-htm.js';

/** @import {Service} from './api.js' */
/** @import {State} from './service.js' */
/** @import {Row} from './values.js' */

/** @typedef {{id: string, name: string, columns: string[], records: Row[]}} Dropped */
/** @typedef {{state: string, done: number, total: number | null, failed: number, seconds: number, message?: string}} Progress */

const EVERY = 200;

/** @param {{state: State, service: Service}} given */
export function RecordsView({state, service}) {
  const [file, setFile] = useState(/** @type {Dropped | null} */ (null));
  const [columns, setColumns] = useState(/** @type {{[input: string]: string}} */ ({}));
  const [keep, setKeep] = useState(/** @type {string[]} */ ([]));
  const [format, setFormat] = useState('csv');
  const [run, setRun] = useState('');
  const [progress, setProgress] = useState(/** @type {Progress | null} */ (null));
  const [problem, setProblem] = useState('');

  /** @param {File[]} files */
  const take = async ([given]) => {
    if (!given) return;
    setProblem('');
    setProgress(null);
    setRun('');
    try {
      const response = await fetch(new URL(`ui/files?name=${encodeURIComponent(given.name)}`, ROOT), {method: 'POST', body: given});
      const answer = await response.json();
      if (!response.ok) throw new CallError(answer.error?.message ?? `the runner answered ${response.status}`);
      setFile(answer);
      const names = state.fields.map(field => field.name);
      const matched = Object.fromEntries(names.map(name => [name, match(name, answer.columns)]).filter(([, column]) => column));
      setColumns(matched);
      const used = new Set(Object.values(matched));
      setKeep(answer.columns.filter((/** @type {string} */ column) => !used.has(column)));
    } catch (error) {
      setFile(null);
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const start = async () => {
    setProblem('');
    try {
      const chosen = Object.fromEntries(Object.entries(columns).filter(([, column]) => column));
      const order = {file: file?.id ?? '', tenant: service.tenant, uri: `version/${service.version_id}`, columns: chosen, keep, format};
      setProgress(null);
      setRun((await call('ui/runs', order)).id);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };

  useEffect(() => {
    if (!run) return undefined;
    let timer = 0;
    const ask = async () => {
      const told = await call(`ui/runs/${run}/progress`).catch(error => ({state: 'failed', message: error.message}));
      setProgress(told);
      if (told.state === 'running') timer = window.setTimeout(ask, EVERY);
    };
    void ask();
    return () => clearTimeout(timer);
  }, [run]);

  return html`
    <${Drop} label="Drop a CSV, Excel, Parquet or JSON Lines file here, or choose one:"
      accept=".csv,.tsv,.xlsx,.parquet,.jsonl,.ndjson" take=${take}>
      ${problem && html`<p class="problem" role="alert"><bdi>${problem}</bdi></p>`}
    <//>
    ${file &&
    html`<section aria-label="Columns">
      <h2><bdi>${file.name}</bdi></h2>
      <${Sample} file=${file} />
      <h3>Columns for the inputs</h3>
      <div class="mapping">
        ${state.fields.map(
          field => html`<label class="small"><bdi>${field.name}</bdi>
            <select value=${columns[field.name] ?? ''} onChange=${(/** @type {any} */ event) => setColumns({...columns, [field.name]: event.target.value})}>
              <option value="">its default</option>
              ${file.columns.map(name => html`<option value=${name}>${name}</option>`)}
            </select></label>`,
        )}
      </div>
      <fieldset><legend>Columns to keep beside the results</legend>
        ${file.columns.map(
          name => html`<label class="check"><input type="checkbox" checked=${keep.includes(name)}
            onChange=${(/** @type {any} */ event) => setKeep(event.target.checked ? [...keep, name] : keep.filter(one => one !== name))} /> <bdi>${name}</bdi></label>`,
        )}
      </fieldset>
      <div class="row">
        <label class="small">Results as
          <select value=${format} onChange=${(/** @type {any} */ event) => setFormat(event.target.value)}>
            <option value="csv">CSV</option><option value="jsonl">JSON Lines</option><option value="parquet">Parquet</option>
          </select></label>
        <button class="main" type="button" disabled=${progress?.state === 'running'} onClick=${start}>Execute all records</button>
        ${progress?.state === 'running' && html`<button type="button" onClick=${() => call(`ui/runs/${run}/stop`, {}).catch(error => setProblem(error.message))}>Stop</button>`}
      </div>
    </section>`}
    ${progress && html`<${ProgressView} progress=${progress} run=${run} />`}
  `;
}

/** @param {{file: Dropped}} given */
function Sample({file}) {
  return html`<div class="wide" tabindex="0" role="group" aria-label="First records"><table>
    <thead><tr>${file.columns.map(name => html`<th scope="col"><bdi>${name}</bdi></th>`)}</tr></thead>
    <tbody>${file.records.map(row => html`<tr>${file.columns.map(name => html`<td><bdi>${show(row[name])}</bdi></td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/** @param {{progress: Progress, run: string}} given */
function ProgressView({progress, run}) {
  const {state, done, total, failed, seconds, message} = progress;
  const isEnded = state !== 'running';
  return html`<section aria-label="Progress">
    <progress aria-label="Records" value=${total ? done / total : isEnded ? 1 : undefined}></progress>
    <p role="status">${done ?? 0} records${total ? ` of ${total}` : ''}${failed ? `, ${failed} with errors` : ''}${seconds ? `, ${seconds.toFixed(1)} s` : ''}${isEnded ? `, ${state}` : ''}</p>
    ${message && html`<p class="problem" role="alert"><bdi>${message}</bdi></p>`}
    ${state === 'done' && html`<p><a class="main" href=${new URL(`ui/runs/${run}/results`, ROOT).href} download>Download the results</a></p>`}
  </section>`;
}

/** The column that an input probably has.
 * @param {string} name
 * @param {string[]} columns */
function match(name, columns) {
  const bare = (/** @type {string} */ text) => text.toLowerCase().replace(/[\s_-]/g, '');
  return columns.find(column => column === name) ?? columns.find(column => bare(column) === bare(name)) ?? '';
}
