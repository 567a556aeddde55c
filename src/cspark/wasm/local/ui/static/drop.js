// A place where files are dropped or chosen.

import {html, useState} from './vendor/preact-htm.js';

/** @param {{label: string, accept: string, take: (files: File[]) => Promise<void>, children?: unknown}} given */
export function Drop({label, accept, take, children}) {
  const [isOver, setOver] = useState(false);
  return html`
    <div
      class="drop"
      data-over=${isOver}
      onDragOver=${(/** @type {DragEvent} */ event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave=${() => setOver(false)}
      onDrop=${(/** @type {DragEvent} */ event) => {
        event.preventDefault();
        setOver(false);
        void take([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <label>
        ${label}
        <input type="file" accept=${accept} onChange=${async (/** @type {any} */ event) => {
          await take([...event.target.files]);
          event.target.value = ''; // the same file can be chosen again
        }} />
      </label>
      ${children}
    </div>
  `;
}
