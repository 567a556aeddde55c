// The list of services, and the place where packages are dropped.

import {call, upload} from './api.js';
import {Drop} from './drop.js';
import {html, useEffect, useState} from './vendor/preact-htm.js';

/** @import {Service} from './api.js' */

/** @typedef {{service: string, id: string, completed_count: number, crash_count: number, timeout_count: number,
 *   mean_time_ms: number | null, p95_time_ms: number | null, size: number, busy: number}} Stats */

/** How often counts and times are asked for, in milliseconds. */
const EVERY = 2000;

/** @param {{known: {uploads: boolean, services: Service[]}, reload: () => Promise<void>,
 *   address: (service: Service) => string}} given */
export function ServicesView({known, reload, address}) {
  const [stats, setStats] = useState(/** @type {Map<string, Stats>} */ (new Map()));

  useEffect(() => {
    document.title = 'Services of this runner';
    const names = known.services.map(one => one.tenant + one.version_id).sort().join();
    const ask = async () => {
      const found = statsOf(await call('status').catch(() => ({})));
      setStats(found);
      if ([...found.keys()].sort().join() !== names) await reload();
    };
    void ask();
    const timer = setInterval(ask, EVERY);
    return () => clearInterval(timer);
  }, [known]);

  const tenants = [...new Set(known.services.map(one => one.tenant))];
  return html`
    <header><h1>Services of this runner</h1></header>
    <main>
      ${known.uploads && html`<${Upload} onLoaded=${reload} />`}
      ${!tenants.length && html`<p class="hint">No service is loaded yet.</p>`}
      ${tenants.map(
        tenant => html`
          <section aria-label=${tenant}>
            <h2><bdi>${tenant}</bdi></h2>
            <div class="wide">
              <table class="services">
                <thead>
                  <tr><th>Service</th><th>Version</th><th>Description</th><th>In effect</th><th class="number">Records</th><th class="number">Failed</th><th class="number">Mean</th></tr>
                </thead>
                <tbody>
                  ${known.services
                    .filter(one => one.tenant === tenant)
                    .map(one => html`<${ServiceRow} key=${one.version_id} service=${one} stats=${stats.get(one.tenant + one.version_id)} address=${address} />`)}
                </tbody>
              </table>
            </div>
          </section>
        `,
      )}
      <p class="hint">
        The API of this runner: <a href="../openapi.json">openapi.json</a>, <a href="../openapi.yaml">openapi.yaml</a>
      </p>
    </main>
  `;
}

/** @param {{service: Service, stats: Stats | undefined, address: (service: Service) => string}} given */
function ServiceRow({service, stats, address}) {
  const mean = stats?.mean_time_ms;
  return html`
    <tr>
      <th scope="row">
        <a href=${address(service)}><bdi>${service.folder}</bdi> / <bdi>${service.service}</bdi></a>
      </th>
      <td><bdi>${service.version}</bdi></td>
      <td><bdi>${service.description}</bdi></td>
      <td>${service.from && service.until && html`<span class="day">${day(service.from)}</span> to <span class="day">${day(service.until)}</span>`}</td>
      <td class="number">${stats?.completed_count ?? ''}</td>
      <td class="number">${stats ? stats.crash_count + stats.timeout_count : ''}</td>
      <td class="number">${mean === null || mean === undefined ? '' : `${mean.toFixed(2)} ms`}</td>
    </tr>
  `;
}

/** @param {string} moment */
function day(moment) {
  return moment.slice(0, 10);
}

/** @param {any} answer
 * @returns {Map<string, Stats>} */
function statsOf(answer) {
  const found = new Map();
  for (const {tenant, model_stats} of answer.models ?? []) {
    for (const one of model_stats) found.set(tenant + one.id, one);
  }
  return found;
}

/** @param {{onLoaded: () => Promise<void>}} given */
function Upload({onLoaded}) {
  const [share, setShare] = useState(/** @type {number | null} */ (null));
  const [told, setTold] = useState(/** @type {{text: string, isProblem: boolean}[]} */ ([]));

  /** @param {File[]} files */
  const take = async files => {
    setTold([]);
    for (const file of files) {
      setShare(0);
      try {
        await upload(file, setShare);
        setTold(before => [...before, {text: `${file.name} is loaded.`, isProblem: false}]);
      } catch (error) {
        const text = `${file.name} was refused: ${error instanceof Error ? error.message : error}`;
        setTold(before => [...before, {text, isProblem: true}]);
      }
      setShare(null);
      await onLoaded();
    }
  };

  return html`
    <${Drop} label="Drop a package here, or choose one:" accept=".zip" take=${take}>
      ${share !== null && html`<progress aria-label="Upload" value=${share}></progress>`}
      ${told.map(one => html`<p role=${one.isProblem ? 'alert' : 'status'} class=${one.isProblem ? 'problem' : 'hint'}><bdi>${one.text}</bdi></p>`)}
    <//>
  `;
}
