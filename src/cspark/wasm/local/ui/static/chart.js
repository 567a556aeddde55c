// A line chart, drawn by uPlot.

import {html, useEffect, useRef} from './vendor/preact-htm.js';

/** @typedef {{name: string, values: (number | null)[]}} Line */

const COLOURS = ['#1f6f5c', '#b4471f', '#3d5fc4', '#8a5a00', '#8b3a8b', '#2b7a8c'];
const HEIGHT = 220;

/** @param {{title: string, xs: number[], lines: Line[], isTime?: boolean}} given */
export function Chart({title, xs, lines, isTime = false}) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const drawn = JSON.stringify([xs, lines]);

  useEffect(() => {
    const holder = place.current;
    if (!holder) return undefined;
    const ink = getComputedStyle(holder).color;
    const axis = {stroke: ink, grid: {stroke: '#8884', width: 1}, ticks: {stroke: '#8884'}};
    const chart = new uPlot(
      {
        width: Math.max(holder.clientWidth, 240),
        height: HEIGHT,
        scales: {x: {time: isTime}},
        legend: {show: lines.length > 1},
        axes: [{...axis, space: 90}, {...axis, size: 70}],
        series: [{}, ...lines.map((line, index) => ({label: line.name, stroke: COLOURS[index % COLOURS.length] ?? ink, width: 2}))],
      },
      [xs, ...lines.map(line => line.values)],
      holder,
    );
    const observer = new ResizeObserver(() => chart.setSize({width: Math.max(holder.clientWidth, 240), height: HEIGHT}));
    observer.observe(holder);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [drawn]);

  return html`<div class="chart" role="img" aria-label=${`Chart of ${title}`} ref=${place}></div>`;
}
