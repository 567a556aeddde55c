// The page: the list of services, or one of them with its views.

import {call} from './api.js';
import {CallsView} from './calls.js';
import {CompareView} from './compare.js';
import {RecordsView} from './records.js';
import {ServicesView} from './services.js';
import {TryView} from './try.js';
import {useService} from './service.js';
import {html, render, useEffect, useState} from './vendor/preact-htm.js';
import {WhatIfView} from './whatif.js';

/** @import {Service} from './api.js' */

/** @type {[string, string, (given: any) => unknown][]} */
const VIEWS = [
  ['try', 'Try', TryView],
  ['what-if', 'What if', WhatIfView],
  ['compare', 'Compare', CompareView],
  ['records', 'File of records', RecordsView],
  ['calls', 'Calls', CallsView],
];

/** The parts of the address behind `#`. */
function placeOf() {
  try {
    return location.hash.replace(/^#\/?/, '').split('/').map(decodeURIComponent);
  } catch {
    return []; // an address that nobody wrote by this page leads to the list
  }
}

/** The address of a view of a service.
 * @param {Service} service
 * @param {string} view */
export function addressOf(service, view = 'try') {
  return `#/${[service.tenant, service.version_id, view].map(encodeURIComponent).join('/')}`;
}

function App() {
  const [place, setPlace] = useState(placeOf);
  const [known, setKnown] = useState(/** @type {{uploads: boolean, services: Service[]} | null} */ (null));
  const [problem, setProblem] = useState('');

  const load = () => call('ui/services').then(setKnown, error => setProblem(error.message));
  useEffect(() => {
    const follow = () => setPlace(placeOf());
    addEventListener('hashchange', follow);
    load();
    return () => removeEventListener('hashchange', follow);
  }, []);

  if (problem) return html`<main><p role="alert">${problem}</p></main>`;
  if (!known) return html`<main><p class="hint">Loading</p></main>`;
  const service = known.services.find(one => one.tenant === place[0] && one.version_id === place[1]);
  return service
    ? html`<${ServicePage} key=${service.tenant + service.version_id} service=${service} view=${place[2]} />`
    : html`<${ServicesView} known=${known} reload=${load} address=${addressOf} />`;
}

/** @param {{service: Service, view: string | undefined}} given */
function ServicePage({service, view}) {
  const state = useService(service);
  const [name, , View] = VIEWS.find(one => one[0] === view) ?? VIEWS[0] ?? ['', '', () => null];
  useEffect(() => {
    document.title = `${service.service} ${service.version}`;
  }, [service]);
  return html`
    <header class="of-service">
      ${state.logo && html`<img class="logo" src=${state.logo} alt="" />`}
      <div>
        <p class="path"><a href="#/">Services</a> / ${service.tenant} / ${service.folder}</p>
        <h1><bdi>${service.service}</bdi> <small><bdi>${service.version}</bdi></small></h1>
        ${service.description && html`<p><bdi>${service.description}</bdi></p>`}
      </div>
    </header>
    <nav aria-label="Views">
      ${VIEWS.map(
        ([key, title]) =>
          html`<a href=${addressOf(service, key)} aria-current=${key === name ? 'page' : null}>${title}</a>`,
      )}
    </nav>
    <main><${View} state=${state} service=${service} /></main>
  `;
}

const page = document.getElementById('page');
if (page) {
  page.textContent = '';
  render(html`<${App} />`, page);
}
