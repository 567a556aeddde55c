// Try: change an input and see the outputs.

import {Chart} from './chart.js';
import {CopyAs} from './copy_as.js';
import {Form} from './fields.js';
import {isAbout} from './service.js';
import {columnsOf, isSame, isTable, show} from './values.js';
import {html, useState} from './vendor/preact-htm.js';

/** @import {Entry, Result, Service} from './api.js' */
/** @import {State} from './service.js' */
/** @import {Json, Row} from './values.js' */

const MOST_ROWS = 200;

/** @param {{state: State, service: Service}} given */
export function TryView({state, service}) {
  return html`
    <div class="two">
      <${Form} fields=${state.fields} inputs=${state.inputs} problems=${state.problems} setInput=${state.setInput} reset=${state.reset} />
      <div>
        <${Results} state=${state} service=${service} />
        <${CopyAs} service=${service} inputs=${state.inputs} />
      </div>
    </div>
  `;
}

/** @param {{state: State, service: Service}} given */
function Results({state, service}) {
  const {result, before, problem, isBusy} = state;
  const described = new Map(service.outputs.map(cell => [cell.name, cell.description]));
  const entries = [...(result?.errors ?? []), ...(result?.warnings ?? [])];
  const names = Object.keys(result?.outputs ?? {});
  const places = [...names, ...state.fields.map(field => field.name)];
  const general = entries.filter(entry => !places.some(name => isAbout(entry, name)) && entry.source_path !== 'Default Values');
  return html`
    <section aria-label="Results" aria-busy=${isBusy}>
      <div class="row"><h2>Results</h2><p class="hint" role="status">${result && timesOf(result)}</p></div>
      ${problem && html`<p class="problem" role="alert"><bdi>${problem}</bdi></p>`}
      <${Entries} entries=${general} />
      <div class="outputs">
        ${names.map(
          name => html`<${Output} key=${name} name=${name} description=${described.get(name) ?? ''} value=${result?.outputs[name]}
            before=${before?.outputs[name]} wasComputed=${!!before} entries=${entries.filter(entry => isAbout(entry, name))} />`,
        )}
      </div>
    </section>
  `;
}

/** @param {Result} result */
function timesOf(result) {
  return `Model ${result.modelTime} ms, call ${Math.round(result.callTime)} ms`;
}

/** @param {{entries: Entry[]}} given */
function Entries({entries}) {
  if (!entries.length) return null;
  return html`<ul class="entries">
    ${entries.map(entry => html`<li class="problem"><bdi>${entry.message ?? show(/** @type {Json} */ (entry))}</bdi></li>`)}
  </ul>`;
}

/** @param {{name: string, description: string, value: Json | undefined, before: Json | undefined, wasComputed: boolean,
 *   entries: Entry[]}} given */
function Output({name, description, value, before, wasComputed, entries}) {
  const hasChanged = wasComputed && !isSame(value, before);
  if (isTable(value)) {
    return html`<div class="output table" data-output=${name}>
      <h3><bdi>${name}</bdi>${hasChanged && html` <span class="changed">changed</span>`}</h3>
      ${description && html`<p class="hint"><bdi>${description}</bdi></p>`}
      <${Entries} entries=${entries} />
      <${OutputTable} name=${name} rows=${value} />
    </div>`;
  }
  return html`<div class="output" data-output=${name} data-changed=${hasChanged}>
    <h3><bdi>${name}</bdi></h3>
    ${description && html`<p class="hint"><bdi>${description}</bdi></p>`}
    <p class="value"><bdi>${show(value)}</bdi></p>
    ${hasChanged && html`<p class="hint"><span class="changed">changed</span> from <bdi>${show(before)}</bdi></p>`}
    <${Entries} entries=${entries} />
  </div>`;
}

/** @param {{name: string, rows: Row[]}} given */
function OutputTable({name, rows}) {
  const columns = columnsOf(rows);
  const numeric = columns.filter(column => rows.some(row => typeof row[column] === 'number'));
  const [chosen, setChosen] = useState('');
  const column = numeric.includes(chosen) ? chosen : '';
  return html`
    ${numeric.length > 0 &&
    html`<label class="small">Chart
      <select aria-label=${`Chart of ${name}`} value=${column} onChange=${(/** @type {any} */ event) => setChosen(event.target.value)}>
        <option value="">none</option>
        ${numeric.map(one => html`<option value=${one}>${one}</option>`)}
      </select></label>`}
    ${column && html`<${Chart} title=${column} xs=${rows.map((_, index) => index)} lines=${[{name: column, values: rows.map(row => numberOf(row[column]))}]} />`}
    <div class="wide" tabindex="0" role="group" aria-label=${name}>
      <table>
        <thead><tr>${columns.map(one => html`<th scope="col"><bdi>${one}</bdi></th>`)}</tr></thead>
        <tbody>
          ${rows.slice(0, MOST_ROWS).map(
            row => html`<tr>${columns.map(one => html`<td class=${typeof row[one] === 'number' ? 'number' : null}><bdi>${show(row[one])}</bdi></td>`)}</tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${rows.length > MOST_ROWS && html`<p class="hint">The first ${MOST_ROWS} of ${rows.length} rows.</p>`}
  `;
}

/** @param {Json | undefined} value */
export function numberOf(value) {
  return typeof value === 'number' ? value : null;
}
