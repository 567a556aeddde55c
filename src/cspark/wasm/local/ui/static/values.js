// Values of a model: how fields, tables and Python write and read them.

/** @typedef {null | boolean | number | string | Json[] | {[name: string]: Json}} Json */
/** @typedef {{[name: string]: Json}} Row */

/** What a value looks like to a reader.
 * @param {Json | undefined} value */
export function show(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return showNumber(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** @param {number} value */
function showNumber(value) {
  if (Number.isInteger(value)) return value.toLocaleString('en-US', {useGrouping: Math.abs(value) >= 10_000});
  return Math.abs(value) >= 1e-4 && Math.abs(value) < 1e15
    ? value.toLocaleString('en-US', {maximumSignificantDigits: 10, useGrouping: Math.abs(value) >= 10_000})
    : String(value);
}

/** The value that text in a free field stands for: a number where it is written as JSON writes one.
 * @param {string} text
 * @returns {Json} */
export function read(text) {
  const trimmed = text.trim();
  if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(trimmed) && isExact(trimmed)) return Number(trimmed);
  if (/^(true|false)$/i.test(trimmed)) return trimmed.toLowerCase() === 'true';
  return text;
}

/** A value as it is typed into a field.
 * @param {Json | undefined} value */
export function write(value) {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A member of an object, but not of what all objects have, such as `constructor`.
 * @template T
 * @param {{[name: string]: T}} holder
 * @param {string} name
 * @returns {T | undefined} */
export function own(holder, name) {
  return Object.hasOwn(holder, name) ? holder[name] : undefined;
}

/** Whether a number in text arrives as it was written; longer ones are sent as text.
 * @param {string} text */
export function isExact(text) {
  return !/^-?\d+$/.test(text) || Number.isSafeInteger(Number(text));
}

/** Whether a value is a table: a list of rows with names.
 * @param {Json | undefined} value
 * @returns {value is Row[]} */
export function isTable(value) {
  return Array.isArray(value) && value.length > 0 && value.every(isRow);
}

/** @param {Json | undefined} value
 * @returns {value is Row} */
export function isRow(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The names of the columns of a table.
 * @param {Row[]} rows */
export function columnsOf(rows) {
  return [...new Set(rows.flatMap(row => Object.keys(row)))];
}

/** What was copied from Excel: tab-separated text, with quotes around cells that hold line breaks.
 * @param {string} text
 * @returns {string[][]} */
export function readTabs(text) {
  /** @type {string[][]} */
  const rows = [];
  /** @type {string[]} */
  let row = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^\t\r\n]*))(\t|\r\n|\n|\r|$)/gy;
  for (let found = cell.exec(text); found; found = cell.exec(text)) {
    row.push(found[1] === undefined ? found[2] ?? '' : found[1].replaceAll('""', '"'));
    if (found[3] !== '\t') {
      rows.push(row);
      row = [];
      if (cell.lastIndex >= text.length) break;
    }
  }
  return rows.filter(cells => cells.some(one => one !== ''));
}

/** Whether two values are the same.
 * @param {Json | undefined} one
 * @param {Json | undefined} other */
export function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** A value as Python writes it. The text of JSON is one in Python too, but for three words.
 * @param {Json} value
 * @param {number} depth
 * @returns {string} */
export function python(value, depth = 0) {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number' || typeof value === 'string') return JSON.stringify(value);
  const pad = '    '.repeat(depth + 1);
  const parts = Array.isArray(value)
    ? value.map(item => python(item, depth + 1))
    : Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${python(item, depth + 1)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return parts.length ? `${open}\n${parts.map(part => `${pad}${part},\n`).join('')}${pad.slice(4)}${close}` : `${open}${close}`;
}
