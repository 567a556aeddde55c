// The form: a field for each input, made of its rule, and a table for each input that is one.

import {limitsOf} from './service.js';
import {columnsOf, isSame, isTable, own, read, readTabs, show, write} from './values.js';
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
          html`<${FieldView} key=${field.name} field=${field} id=${`input-${index}`} value=${own(inputs, field.name)}
            problem=${problems[field.name] ?? ''} set=${(/** @type {Json | undefined} */ value) => setInput(field.name, value)} />`,
      )}
    </form>
  `;
}

/** @param {{field: Field, id: string, value: Json | undefined, problem: string,
 *   set: (value: Json | undefined) => void}} given */
function FieldView({field, id, value, problem, set}) {
  const limits = field.kind === 'list' || field.kind === 'table' ? '' : limitsOf(field.rule);
  const notes = [field.description, limits, defaultOf(field)].filter(Boolean).join(' · ');
  const described = [notes && `${id}-notes`, problem && `${id}-problem`].filter(Boolean).join(' ');
  const about = {id, ...(described ? {'aria-describedby': described} : {}), ...(problem ? {'aria-invalid': 'true'} : {})};
  return html`
    <div class="field">
      ${field.kind === 'table'
        ? html`<${TableEditor} id=${id} label=${field.name} value=${value} set=${set} />`
        : html`<label for=${id}><bdi>${field.name}</bdi></label><${Control} field=${field} about=${about} value=${value} set=${set} />`}
      ${notes && html`<p class="hint" id=${`${id}-notes`}><bdi>${notes}</bdi></p>`}
      ${problem && html`<p class="problem" id=${`${id}-problem`} role="alert"><bdi>${problem}</bdi></p>`}
    </div>
  `;
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
  if (kind === 'date') {
    const limits = Object.fromEntries(Object.entries({min: rule.min, max: rule.max}).filter(([, one]) => typeof one === 'string'));
    return html`<input ...${about} ...${limits} type="date" value=${write(value)}
      onInput=${(/** @type {any} */ event) => set(event.target.value || undefined)} />`;
  }
  // What has a text as its default is text, even if it looks like a number, as a postal code does.
  const parse = kind === 'text' && typeof rule.default_value === 'string' ? (/** @type {string} */ text) => text : read;
  const mode = kind === 'whole' ? {inputmode: 'numeric'} : kind === 'number' ? {inputmode: 'decimal'} : {};
  return html`<${TextInput} about=${{...about, ...mode}} value=${value} parse=${parse} set=${set} />`;
}

/** A field that keeps what was typed, such as 1.0 on the way to 1.05, while it stands for the same value.
 * @param {{about: object, value: Json | undefined, parse: (text: string) => Json,
 *   set: (value: Json | undefined) => void}} given */
function TextInput({about, value, parse, set}) {
  const [typed, setTyped] = useState(write(value));
  /** @param {string} text */
  const valueOf = text => (text === '' ? undefined : parse(text));
  const text = isSame(valueOf(typed), value) ? typed : write(value);
  return html`<input ...${about} type="text" autocomplete="off" dir="auto" value=${text}
    onInput=${(/** @type {any} */ event) => {
      setTyped(event.target.value);
      set(valueOf(event.target.value));
    }} />`;
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
    const pasted = isHeader ? others : [first, ...others];
    const width = Math.max(heads.length, ...pasted.map(cells => cells.length));
    const all = [...heads, ...Array.from({length: width - heads.length}, (_, index) => `column ${heads.length + index + 1}`)];
    setNames([...new Set([...columns, ...all])]);
    const more = pasted.map(cells => rowOf(all, cells));
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
                name => html`<td><${TextInput} about=${{'aria-label': `${name}, row ${index + 1}`}} value=${own(row, name)} parse=${read}
                  set=${(/** @type {Json | undefined} */ cell) => change(rows.map((one, place) => (place === index ? {...one, [name]: cell ?? ''} : one)))} /></td>`,
              )}
              <td><button type="button" aria-label=${`Remove row ${index + 1}`}
                onClick=${() => change(rows.filter((_, place) => place !== index))}>×</button></td>
            </tr>`,
          )}
        </tbody>
      </table></div>`}
      <div class="row">
        <input aria-label=${`New column of ${label}`} placeholder="column" dir="auto" value=${added}
          onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
            if (event.key === 'Enter') {
              event.preventDefault();
              addColumn();
            }
          }}
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
