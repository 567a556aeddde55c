// The calls of the page, with what was sent and answered.

import {calls, onCall} from './api.js';
import {html, useEffect, useState} from './vendor/preact-htm.js';

const LONGEST = 20_000;

export function CallsView() {
  const [, draw] = useState(0);
  useEffect(() => onCall(() => draw(count => count + 1)), []);
  return html`
    <h2>Calls of this page</h2>
    <p class="hint">Each is one of the runner's documented API. The newest one is first.</p>
    ${!calls.length && html`<p class="hint">There was none yet.</p>`}
    ${calls.map(
      one => html`<details key=${one.number} class="call">
        <summary>${one.method} /${one.path} <span class="hint">${one.status}, ${one.milliseconds.toFixed(1)} ms</span></summary>
        <h3>Request</h3>
        <pre tabindex="0" role="group" aria-label="Request">${textOf(one.request)}</pre>
        <h3>Answer</h3>
        <pre tabindex="0" role="group" aria-label="Answer">${textOf(one.answer)}</pre>
      </details>`,
    )}
  `;
}

/** @param {unknown} value */
function textOf(value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}\n... ${text.length - LONGEST} more characters` : text;
}
