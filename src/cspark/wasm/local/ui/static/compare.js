// Compare: sets of inputs are saved in this browser, and two of them stand side by side.

import {executeMany} from './api.js';
import {isSame, show} from './values.js';
import {html, useEffect, useState} from './vendor/preact-htm.js';

/** @import {Entry, Service} from './api.js' */
/** @import {State} from './service.js' */
/** @import {Json, Row} from './values.js' */

/** @typedef {{name: string, inputs: Row}} Saved */

/** The name of the inputs that are not saved. */
const OPEN = 'the inputs of Try';

/** @param {Service} service */
function keyOf(service) {
  return `inputs of ${service.tenant}/${service.service_id}`;
}

/** @param {Service} service
 * @returns {Saved[]} */
function load(service) {
  try {
    return JSON.parse(localStorage.getItem(keyOf(service)) ?? '[]');
  } catch {
    return [];
  }
}

/** @param {{state: State, service: Service}} given */
export function CompareView({state, service}) {
  const [saved, setSaved] = useState(() => load(service));
  const [name, setName] = useState('');
  const [pair, setPair] = useState(/** @type {[string, string]} */ (['', '']));

  /** @param {Saved[]} changed */
  const keep = changed => {
    setSaved(changed);
    localStorage.setItem(keyOf(service), JSON.stringify(changed));
  };
  const save = () => {
    const wanted = name.trim() || `Set ${saved.length + 1}`;
    const named = wanted === OPEN ? `${wanted} (saved)` : wanted;
    keep([...saved.filter(one => one.name !== named), {name: named, inputs: state.inputs}]);
    setName('');
  };
  const sets = [{name: OPEN, inputs: state.inputs}, ...saved];
  const [left, right] = [sets.find(one => one.name === pair[0]) ?? sets[0], sets.find(one => one.name === pair[1]) ?? sets[1]];

  return html`
    <form class="row" onSubmit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      save();
    }}>
      <label class="small">Save the inputs of Try as
        <input dir="auto" value=${name} onInput=${(/** @type {any} */ event) => setName(event.target.value)} /></label>
      <button class="main">Save</button>
    </form>
    ${saved.length > 0 &&
    html`<ul class="saved">
      ${saved.map(
        one => html`<li key=${one.name}><bdi>${one.name}</bdi>
          <button type="button" onClick=${() => state.setInputs(one.inputs)}>Use in Try</button>
          <button type="button" aria-label=${`Forget ${one.name}`} onClick=${() => keep(saved.filter(other => other !== one))}>×</button></li>`,
      )}
    </ul>`}
    ${!right && html`<p class="hint">Save a set of inputs, change some in Try, and compare them here.</p>`}
    ${left && right &&
    html`<div class="row">
        ${[0, 1].map(
          side => html`<label class="small">${side ? 'with' : 'Compare'}
            <select value=${(side ? right : left).name}
              onChange=${(/** @type {any} */ event) => setPair(side ? [left.name, event.target.value] : [event.target.value, right.name])}>
              ${sets.map(one => html`<option value=${one.name}>${one.name}</option>`)}
            </select></label>`,
        )}
      </div>
      <${SideBySide} service=${service} left=${left} right=${right} />`}
  `;
}

/** @param {{service: Service, left: Saved, right: Saved}} given */
function SideBySide({service, left, right}) {
  const [answer, setAnswer] = useState(/** @type {{outputs: (Row | null)[], errors: (Entry[] | null)[]}} */ ({outputs: [], errors: []}));
  const [problem, setProblem] = useState('');
  const asked = JSON.stringify([left.inputs, right.inputs]);
  useEffect(() => {
    let isStale = false;
    executeMany(service, [left.inputs, right.inputs]).then(
      found => {
        if (isStale) return;
        setAnswer(found);
        setProblem('');
      },
      error => !isStale && setProblem(error.message),
    );
    return () => {
      isStale = true;
    };
  }, [service, asked]);
  if (problem) return html`<p class="problem" role="alert">${problem}</p>`;
  return html`
    <div class="wide" tabindex="0" role="group" aria-label="Side by side"><table class="sides">
      <thead><tr><th scope="col">Name</th><th scope="col"><bdi>${left.name}</bdi></th><th scope="col"><bdi>${right.name}</bdi></th></tr></thead>
      <tbody>
        ${rowsOf('Inputs', left.inputs, right.inputs)}
        ${rowsOf('Outputs', answer.outputs[0] ?? {}, answer.outputs[1] ?? {})}
        ${answer.errors.some(one => one?.length) && rowsOf('Errors', messagesOf(answer.errors[0]), messagesOf(answer.errors[1]))}
      </tbody>
    </table></div>
  `;
}

/** @param {string} title
 * @param {Row} one
 * @param {Row} other */
function rowsOf(title, one, other) {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return html`
    <tr><th scope="rowgroup" colspan="3">${title}</th></tr>
    ${names.map(name => {
      const differs = !isSame(one[name], other[name]);
      return html`<tr data-differs=${differs}>
        <th scope="row"><bdi>${name}</bdi>${differs && html` <span class="changed">differs</span>`}</th>
        <td><bdi>${shorten(one[name])}</bdi></td><td><bdi>${shorten(other[name])}</bdi></td></tr>`;
    })}
  `;
}

/** @param {Entry[] | null | undefined} entries
 * @returns {Row} */
function messagesOf(entries) {
  return Object.fromEntries((entries ?? []).map((entry, index) => [entry.source_path ?? String(index + 1), entry.message ?? '']));
}

/** @param {Json | undefined} value */
function shorten(value) {
  return Array.isArray(value) ? `${value.length} rows` : show(value);
}
