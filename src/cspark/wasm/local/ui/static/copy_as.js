// The call of the moment as text for other programs: Python, curl, JSON.

import {executeBody, executePath, ROOT} from './api.js';
import {python} from './values.js';
import {html, useState} from './vendor/preact-htm.js';

/** @import {Service} from './api.js' */
/** @import {Row} from './values.js' */

/** @type {{[form: string]: (service: Service, inputs: Row) => string}} */
const FORMS = {Python: asPython, curl: asCurl, JSON: asJson};

/** @param {{service: Service, inputs: Row}} given */
export function CopyAs({service, inputs}) {
  const [form, setForm] = useState('Python');
  const [told, setTold] = useState('');
  const text = (FORMS[form] ?? asPython)(service, inputs);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setTold('Copied.');
    } catch {
      setTold('This browser does not let pages copy; select the text.');
    }
  };
  return html`
    <details class="copy">
      <summary>Copy as Python, curl or JSON</summary>
      <div class="row">
        <label class="small">Form
          <select value=${form} onChange=${(/** @type {any} */ event) => setForm(event.target.value)}>
            ${Object.keys(FORMS).map(name => html`<option value=${name}>${name}</option>`)}
          </select></label>
        <button type="button" onClick=${copy}>Copy</button>
        <span class="hint" role="status">${told}</span>
      </div>
      <pre tabindex="0" role="group" aria-label=${`The call as ${form}`}>${text}</pre>
    </details>
  `;
}

/** @param {Service} service */
function uriOf(service) {
  const isPlain = [service.folder, service.service].every(name => /^[\w .-]+$/.test(name));
  return isPlain ? service.uri : `version/${service.version_id}`;
}

/** @param {Service} service
 * @param {Row} inputs */
function asPython(service, inputs) {
  const url = ROOT.href.replace(/\/$/, '');
  return `import cspark.wasm as Hybrid

with Hybrid.Client(base_url=${JSON.stringify(url)}, tenant=${JSON.stringify(service.tenant)}, token='open') as hybrid:
    answer = hybrid.services.execute(
        ${JSON.stringify(uriOf(service))},
        inputs=${python(inputs, 2)},
    )
    print(answer.outputs[0])
`;
}

/** @param {Service} service
 * @param {Row} inputs */
function asCurl(service, inputs) {
  return `curl -sS '${new URL(executePath(service), ROOT).href.replaceAll("'", '%27')}' -H 'content-type: application/json' --data-binary @- <<'JSON'
${asJson(service, inputs)}
JSON
`;
}

/** @param {Service} service
 * @param {Row} inputs */
function asJson(service, inputs) {
  return JSON.stringify(executeBody(service, inputs), null, 2);
}
