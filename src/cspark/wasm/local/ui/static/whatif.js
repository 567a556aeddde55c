// What if: one input over a range or a list as a chart, two inputs as a heat map. One call with many records.

import {executeMany} from './api.js';
import {Chart} from './chart.js';
import {numberOf} from './try.js';
import {read, show, write} from './values.js';
import {html, useState} from './vendor/preact-htm.js';

/** @import {Service} from './api.js' */
/** @import {Field, State} from './service.js' */
/** @import {Json, Row} from './values.js' */

/** @typedef {{name: string, text: string}} Axis */
/** @typedef {{xs: Json[], ys: Json[] | null, x: string, y: string, outputs: (Row | null)[], problems: string[]}} Found */

const MOST = 2000;

/** What separates the values of a list; the first one that no value contains. */
const SEPARATORS = [', ', '; ', ' | '];

/** @param {{state: State, service: Service}} given */
export function WhatIfView({state, service}) {
  const fields = state.fields.filter(field => field.kind !== 'table');
  const start = fields.find(field => field.kind === 'number' || field.kind === 'whole') ?? fields[0];
  const [first, setFirst] = useState(/** @type {Axis} */ ({name: '', text: ''}));
  const [second, setSecond] = useState(/** @type {Axis} */ ({name: '', text: ''}));
  const [chosen, setChosen] = useState('');
  const [found, setFound] = useState(/** @type {Found | null} */ (null));
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  if (!start) return html`<p class="hint">This service has no input that could be varied.</p>`;
  const axis = first.name ? first : {name: start.name, text: suggest(start)};

  const run = async () => {
    setProblem('');
    setBusy(true);
    try {
      const xs = valuesOf(axis.text, fields.find(field => field.name === axis.name));
      const ys = second.name ? valuesOf(second.text, fields.find(field => field.name === second.name)) : null;
      const count = xs.length * (ys?.length ?? 1);
      if (!count || count > MOST) throw new Error(`Give from 1 to ${MOST} combinations; these are ${count}.`);
      const records = (ys ?? [null]).flatMap(y => xs.map(x => ({...state.inputs, ...(ys ? {[second.name]: y} : {}), [axis.name]: x})));
      const answer = await executeMany(service, records);
      const problems = answer.errors.flatMap(entries => (entries ?? []).map(entry => entry.message ?? ''));
      setFound({xs, ys, x: axis.name, y: second.name, outputs: answer.outputs, problems: [...new Set(problems)]});
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };

  const numeric = found ? namesOfNumbers(found.outputs) : [];
  const output = numeric.includes(chosen) ? chosen : numeric.find(name => varies(found?.outputs ?? [], name)) ?? numeric[0] ?? '';
  return html`
    <form class="inputs" aria-label="What if" onSubmit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      void run();
    }}>
      <${AxisView} title="Vary" fields=${fields} axis=${axis} set=${setFirst} />
      <${AxisView} title="and (optional)" fields=${fields} axis=${second} set=${setSecond} isOptional />
      <p class="hint">A list such as <code>10, 20, 40</code>, or a range such as <code>1 to 40 by 1</code>. All other inputs are those of Try.</p>
      <button class="main" disabled=${isBusy}>${isBusy ? 'Computing' : 'Compute'}</button>
    </form>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    ${found?.problems.map(text => html`<p class="problem" role="alert"><bdi>${text}</bdi></p>`)}
    ${found && !numeric.length && html`<p class="problem" role="alert">No output of these records is a number.</p>`}
    ${found && output &&
    html`<section aria-label="Outcome">
      <label class="small">Output
        <select aria-label="Output" value=${output} onChange=${(/** @type {any} */ event) => setChosen(event.target.value)}>
          ${numeric.map(name => html`<option value=${name}>${name}</option>`)}
        </select></label>
      ${found.ys ? html`<${HeatMap} found=${found} output=${output} />` : html`<${Curve} found=${found} output=${output} />`}
    </section>`}
  `;
}

/** @param {{title: string, fields: Field[], axis: Axis, set: (axis: Axis) => void, isOptional?: boolean}} given */
function AxisView({title, fields, axis, set, isOptional = false}) {
  /** @param {any} event */
  const choose = event => {
    const field = fields.find(one => one.name === event.target.value);
    set({name: field?.name ?? '', text: field ? suggest(field) : ''});
  };
  return html`
    <div class="row field">
      <label class="small">${title}
        <select value=${axis.name} onChange=${choose}>
          ${isOptional && html`<option value="">nothing else</option>`}
          ${fields.map(field => html`<option value=${field.name}>${field.name}</option>`)}
        </select></label>
      <label class="small grow">Values
        <input dir="auto" disabled=${!axis.name} value=${axis.text} onInput=${(/** @type {any} */ event) => set({...axis, text: event.target.value})} /></label>
    </div>
  `;
}

/** Values to begin with: the choices, or some within the limits.
 * @param {Field} field */
function suggest({rule, kind}) {
  if (rule.options?.length) {
    const texts = rule.options.map(write);
    return texts.join(SEPARATORS.find(one => !texts.some(text => text.includes(one.trim()))) ?? ', ');
  }
  const {min, max, default_value: usual} = rule;
  if (kind === 'date') return [min, usual, max].filter(one => typeof one === 'string').join(', ');
  if (typeof min === 'number' && typeof max === 'number') {
    const step = kind === 'whole' ? Math.max(1, Math.ceil((max - min) / 40)) : (max - min) / 20;
    return `${min} to ${max} by ${step}`;
  }
  return typeof usual === 'number' && usual ? `${usual / 2} to ${usual * 2} by ${usual / 10}` : '0 to 10 by 1';
}

/** The values of a list or a range. One that is a choice of the field is that choice.
 * @param {string} text
 * @param {Field | undefined} field
 * @returns {Json[]} */
function valuesOf(text, field) {
  const range = /^\s*(-?[\d.eE+-]+)\s+to\s+(-?[\d.eE+-]+)(?:\s+by\s+([\d.eE+-]+))?\s*$/.exec(text);
  if (!range) {
    const separator = [...SEPARATORS].reverse().find(one => text.includes(one.trim())) ?? ',';
    const texts = text.split(separator.trim()).map(one => one.trim()).filter(one => one !== '');
    const isText = field?.kind === 'text' && typeof field.rule.default_value === 'string';
    return texts.map(one => field?.rule.options?.find(choice => write(choice) === one) ?? (isText || field?.kind === 'date' ? one : read(one)));
  }
  const [from, to, step] = [Number(range[1]), Number(range[2]), Number(range[3] ?? 1)];
  if (![from, to, step].every(Number.isFinite) || step <= 0 || (to - from) / step > MOST) {
    throw new Error(`${text.trim()} is no range with a step above 0 and up to ${MOST} values.`);
  }
  const count = Math.floor((to - from) / step + 1e-9) + 1;
  return Array.from({length: Math.max(count, 0)}, (_, index) => Number((from + index * step).toPrecision(12)));
}

/** Whether an output is not the same for all records.
 * @param {(Row | null)[]} outputs
 * @param {string} name */
function varies(outputs, name) {
  return outputs.some(row => row?.[name] !== outputs[0]?.[name]);
}

/** @param {(Row | null)[]} outputs */
function namesOfNumbers(outputs) {
  return [...new Set(outputs.flatMap(row => Object.entries(row ?? {}).filter(([, value]) => typeof value === 'number').map(([name]) => name)))];
}

/** @param {{found: Found, output: string}} given */
function Curve({found, output}) {
  const values = found.outputs.map(row => numberOf(row?.[output]));
  const areNumbers = found.xs.every(one => typeof one === 'number');
  const points = found.xs.map((x, index) => ({x: areNumbers ? Number(x) : index, y: values[index] ?? null}));
  points.sort((one, other) => one.x - other.x);
  return html`
    <${Chart} title=${`${output} by ${found.x}`} xs=${points.map(one => one.x)} lines=${[{name: output, values: points.map(one => one.y)}]} />
    <div class="wide" tabindex="0" role="group" aria-label=${`${output} by ${found.x}`}><table>
      <thead><tr><th scope="col"><bdi>${found.x}</bdi></th><th scope="col"><bdi>${output}</bdi></th></tr></thead>
      <tbody>${found.xs.map((x, index) => html`<tr><th scope="row"><bdi>${show(x)}</bdi></th><td class="number">${show(values[index])}</td></tr>`)}</tbody>
    </table></div>
  `;
}

/** @param {{found: Found, output: string}} given */
function HeatMap({found, output}) {
  const ys = found.ys ?? [];
  const width = found.xs.length;
  const values = found.outputs.map(row => numberOf(row?.[output]));
  const numbers = values.filter(one => one !== null);
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  /** @param {number | null | undefined} value */
  const heat = value => (value === null || value === undefined || high === low ? 0 : (value - low) / (high - low));
  return html`
    <div class="wide" tabindex="0" role="group" aria-label=${`${output} by ${found.x} and ${found.y}`}><table class="heat">
      <thead><tr><td><bdi>${found.y}</bdi> \\ <bdi>${found.x}</bdi></td>${found.xs.map(x => html`<th scope="col"><bdi>${show(x)}</bdi></th>`)}</tr></thead>
      <tbody>
        ${ys.map(
          (y, row) => html`<tr>
            <th scope="row"><bdi>${show(y)}</bdi></th>
            ${found.xs.map((_, column) => {
              const value = values[row * width + column];
              return html`<td class="number" style=${{'--heat': `${Math.round(100 * heat(value))}%`}}>${show(value)}</td>`;
            })}
          </tr>`,
        )}
      </tbody>
    </table></div>
  `;
}
