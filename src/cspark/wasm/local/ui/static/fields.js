// The form: a field for each input, made of its rule, and a table for each input that is one.

import {columnsOf, isTable, read, readTabs, show} from './values.js';
import {html, useState} from './vendor/preact-htm.js';

/** @import {Field} from './service.js' */
/** @import {Json, Row} from './values.js' */

/** @param {{fields: Field[], inputs: Row, problems: {[name: string]: string},
 *   setInput: (name: string, value: Json | undefined) => void, reset: () => void}} given */
export function Form({fields, inputs, problems, setInput, reset}) {
  return html`
    <form class="inputs" aria-label="Inputs" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <div class="row"><h2>Inputs</h2><button type="button" onClick=${reset}>Reset to defaults</button></div>
      ${fields.map(
        (field, index) =>
          html`<${FieldView} key=${field.name} field=${field} id=${`input-${index}`} value=${inputs[field.name]}
            problem=${problems[field.name] ?? ''} set=${(/** @type {Json | undefined} */ value) => setInput(field.name, value)} />`,
      )}
    </form>
  `;
}

/** @param {{field: Field, id: string, value: Json | undefined, problem: string,
 *   set: (value: Json | undefined) => void}} given */
function FieldView({field, id, value, problem, set}) {
  const notes = [field.description, limits(field), defaultOf(field)].filter(Boolean).join(' · ');
  const about = {id, 'aria-describedby': `${id}-notes ${id}-problem`, 'aria-invalid': problem ? 'true' : null};
  return html`
    <div class="field">
      ${field.kind === 'table'
        ? html`<${TableEditor} id=${id} label=${field.name} value=${value} set=${set} />`
        : html`<label for=${id}><bdi>${field.name}</bdi></label><${Control} field=${field} about=${about} value=${value} set=${set} />`}
      <p class="hint" id=${`${id}-notes`}><bdi>${notes}</bdi></p>
      <p class="problem" id=${`${id}-problem`} role=${problem ? 'alert' : null}><bdi>${problem}</bdi></p>
    </div>
  `;
}

/** @param {Field} field */
function limits({rule, kind}) {
  const {min, max} = rule;
  const outside = rule.operator === 'not_between' ? 'not ' : '';
  if (kind === 'list' || kind === 'table') return '';
  if (min !== undefined && min !== null && max !== undefined && max !== null) return `${outside}from ${min} to ${max}`;
  if (min !== undefined && min !== null) return `from ${min}`;
  return max !== undefined && max !== null ? `up to ${max}` : '';
}

/** @param {Field} field */
function defaultOf({rule}) {
  const value = rule.default_value;
  return value === undefined || value === null || typeof value === 'object' ? '' : `default ${value}`;
}

/** @param {{field: Field, about: object, value: Json | undefined, set: (value: Json | undefined) => void}} given */
function Control({field, about, value, set}) {
  const {rule, kind} = field;
  if (kind === 'list') {
    const options = rule.options ?? [];
    return html`
      <select ...${about} value=${String(options.findIndex(one => one === value))}
        onChange=${(/** @type {any} */ event) => set(options[Number(event.target.value)])}>
        ${!options.includes(/** @type {Json} */ (value)) && html`<option value="-1">${show(value)}</option>`}
        ${options.map((one, index) => html`<option value=${String(index)}>${show(one)}</option>`)}
      </select>
    `;
  }
  const type = kind === 'date' ? 'date' : 'text';
  const mode = kind === 'whole' ? 'numeric' : kind === 'number' ? 'decimal' : null;
  /** @param {any} event */
  const change = event => {
    const text = event.target.value;
    set(text === '' ? undefined : kind === 'date' ? text : read(text));
  };
  return html`<input ...${about} type=${type} inputmode=${mode} autocomplete="off" dir="auto"
    min=${kind === 'date' ? rule.min : null} max=${kind === 'date' ? rule.max : null}
    value=${value === undefined ? '' : String(value)} onInput=${change} />`;
}

/** Rows are added and removed, and pasted from Excel: the first pasted row names the columns if there are none yet.
 * @param {{id: string, label: string, value: Json | undefined, set: (value: Json | undefined) => void}} given */
function TableEditor({id, label, value, set}) {
  const rows = isTable(value) ? value : [];
  const [names, setNames] = useState(/** @type {string[]} */ (columnsOf(rows)));
  const [added, setAdded] = useState('');
  const columns = [...new Set([...names, ...columnsOf(rows)])];

  /** @param {Row[]} changed */
  const change = changed => set(changed.length ? changed : undefined);
  const addColumn = () => {
    if (added.trim()) setNames([...columns, added.trim()]);
    setAdded('');
  };
  /** @param {ClipboardEvent} event */
  const paste = event => {
    const text = event.clipboardData?.getData('text') ?? '';
    if (!/[\t\n]/.test(text.trim())) return;
    event.preventDefault();
    const [first = [], ...others] = readTabs(text);
    const isHeader = !columns.length || first.every(cell => columns.includes(cell.trim()));
    const heads = isHeader ? first.map(cell => cell.trim()) : columns;
    setNames([...new Set([...columns, ...heads])]);
    const more = (isHeader ? others : [first, ...others]).map(cells => rowOf(heads, cells));
    change([...rows, ...more]);
  };

  return html`
    <fieldset id=${id} onPaste=${paste}>
      <legend><bdi>${label}</bdi></legend>
      ${columns.length > 0 &&
      html`<div class="wide"><table>
        <thead><tr>${columns.map(name => html`<th scope="col"><bdi>${name}</bdi></th>`)}<td></td></tr></thead>
        <tbody>
          ${rows.map(
            (row, index) => html`<tr>
              ${columns.map(
                name => html`<td><input aria-label=${`${name}, row ${index + 1}`} dir="auto" value=${show(row[name])}
                  onInput=${(/** @type {any} */ event) => change(rows.map((one, place) => (place === index ? withCell(one, name, event.target.value) : one)))} /></td>`,
              )}
              <td><button type="button" aria-label=${`Remove row ${index + 1}`}
                onClick=${() => change(rows.filter((_, place) => place !== index))}>×</button></td>
            </tr>`,
          )}
        </tbody>
      </table></div>`}
      <div class="row">
        <input aria-label=${`New column of ${label}`} placeholder="column" dir="auto" value=${added}
          onInput=${(/** @type {any} */ event) => setAdded(event.target.value)} />
        <button type="button" onClick=${addColumn}>Add column</button>
        <button type="button" disabled=${!columns.length} onClick=${() => change([...rows, rowOf(columns, [])])}>Add row</button>
      </div>
      <p class="hint">Rows copied from Excel can be pasted here, the first one with the names of the columns.</p>
    </fieldset>
  `;
}

/** @param {string[]} names
 * @param {string[]} cells
 * @returns {Row} */
function rowOf(names, cells) {
  return Object.fromEntries(names.map((name, index) => [name, cells[index] === undefined ? '' : read(cells[index])]));
}

/** @param {Row} row
 * @param {string} name
 * @param {string} text
 * @returns {Row} */
function withCell(row, name, text) {
  return {...row, [name]: read(text)};
}
