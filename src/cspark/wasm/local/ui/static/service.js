// What is known of a service while it is open: its rules, its inputs and results as they change, how it is dressed.

import {execute, metadata, validate} from './api.js';
import {isSame, own} from './values.js';
import {useEffect, useMemo, useRef, useState} from './vendor/preact-htm.js';

/** @import {Entry, Result, Rule, Rules, Service} from './api.js' */
/** @import {Json, Row} from './values.js' */

/** @typedef {'number' | 'whole' | 'date' | 'list' | 'table' | 'text'} Kind */
/** @typedef {{name: string, description: string, kind: Kind, rule: Rule}} Field */
/** @typedef {{fields: Field[], inputs: Row, setInput: (name: string, value: Json | undefined) => void,
 *   setInputs: (inputs: Row) => void, reset: () => void, result: Result | null, before: Result | null,
 *   problem: string, problems: {[name: string]: string}, isBusy: boolean, logo: string}} State */

/** How long a field rests before the service is executed, in milliseconds. The first change after some time waits for
 * nothing. */
const PAUSE = 20;
const LONG_AGO = 150;

/** After how long a call counts as one that is waited for, in milliseconds: the page is drawn anew for that. */
const BUSY = 100;

/** @param {Service} service
 * @returns {State} */
export function useService(service) {
  const [rules, setRules] = useState(/** @type {Rules | null} */ (null));
  const [depending, setDepending] = useState(/** @type {Rules} */ ({}));
  const [inputs, setInputs] = useState(/** @type {Row} */ ({}));
  const [results, setResults] = useState(/** @type {(Result | null)[]} */ ([null, null]));
  const [problem, setProblem] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [logo, setLogo] = useState('');
  const hasDynamicRules = useRef(true);
  const changed = useRef(0);

  const fields = useMemo(() => fieldsOf(service, rules ?? {}, depending), [service, rules, depending]);
  const defaults = useMemo(() => defaultsOf(rules ?? {}), [rules]);

  useEffect(() => {
    validate(service, null).then(
      found => {
        setInputs(defaultsOf(found));
        setRules(found);
      },
      () => setRules({}), // a package without rules can be tried all the same
    );
    let isOpen = true;
    metadata(service).then(
      found => isOpen && setLogo(dress(found)),
      () => undefined,
    );
    return () => {
      isOpen = false;
      undress();
    };
  }, [service]);

  useEffect(() => {
    if (!rules) return undefined;
    const controller = new AbortController();
    const pause = performance.now() - changed.current > LONG_AGO ? 0 : PAUSE;
    changed.current = performance.now();
    const timer = setTimeout(async () => {
      const busy = setTimeout(setBusy, BUSY, true);
      try {
        const result = await execute(service, inputs, controller.signal);
        setResults(([before]) => [result, before ?? null]);
        setProblem('');
      } catch (error) {
        if (controller.signal.aborted) return;
        setProblem(error instanceof Error ? error.message : String(error));
      } finally {
        clearTimeout(busy);
      }
      setBusy(false);
      if (!hasDynamicRules.current) return;
      try {
        setDepending(await validate(service, inputs, controller.signal));
      } catch {
        hasDynamicRules.current = controller.signal.aborted;
      }
    }, pause);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [service, rules, inputs]);

  return {
    fields,
    inputs,
    setInput: (name, value) =>
      setInputs(before => {
        const {[name]: _, ...others} = before;
        return value === undefined ? others : {...before, [name]: value};
      }),
    setInputs,
    reset: () => setInputs(defaults),
    result: results[0] ?? null,
    before: results[1] ?? null,
    problem,
    problems: problemsOf(fields, inputs, results[0] ?? null),
    isBusy,
    logo,
  };
}

/** @param {Rules} rules
 * @returns {Row} */
function defaultsOf(rules) {
  const found = Object.entries(rules).map(([name, rule]) => [name, rule?.default_value]);
  return Object.fromEntries(found.filter(([, value]) => value !== undefined && value !== null && value !== ''));
}

/** @param {Service} service
 * @param {Rules} rules
 * @param {Rules} depending
 * @returns {Field[]} */
function fieldsOf(service, rules, depending) {
  const described = new Map(service.inputs.map(cell => [cell.name, cell]));
  const names = [...new Set([...described.keys(), ...Object.keys(rules)])];
  return names.map(name => {
    const cell = described.get(name);
    const rule = {...own(rules, name), ...own(depending, name)};
    return {name, description: cell?.description ?? '', kind: kindOf(rule, cell?.address ?? ''), rule};
  });
}

/** @param {Rule} rule
 * @param {string} address
 * @returns {Kind} */
function kindOf(rule, address) {
  if (Array.isArray(rule.default_value) || (!rule.validation_type && /^\S+:\S+$/.test(address))) return 'table';
  if (rule.options?.length) return 'list';
  switch (rule.validation_type) {
    case 'decimal':
      return 'number';
    case 'whole_number':
      return 'whole';
    case 'date':
      return typeof rule.default_value === 'number' ? 'number' : 'date';
    default:
      return typeof rule.default_value === 'number' ? 'number' : 'text';
  }
}

/** What is wrong with each input: by its rule, and by what the model says of it.
 * @param {Field[]} fields
 * @param {Row} inputs
 * @param {Result | null} result */
function problemsOf(fields, inputs, result) {
  /** @type {{[name: string]: string}} */
  const found = Object.create(null);
  for (const {name, rule, kind} of fields) {
    const value = own(inputs, name);
    const said = (result?.errors ?? []).find(entry => isAbout(entry, name));
    const broken = value === undefined ? '' : breaks(rule, kind, value);
    if (broken) found[name] = rule.error_message || broken;
    else if (said?.message) found[name] = said.message;
  }
  return found;
}

/** Whether an entry of `warnings` or `errors` speaks of a name.
 * @param {Entry} entry
 * @param {string} name */
export function isAbout(entry, name) {
  const path = (entry.source_path ?? '').toLowerCase();
  return path === name.toLowerCase() || path.startsWith(`${name.toLowerCase()}[`) || path.endsWith(`.${name.toLowerCase()}`);
}

/** Why a value breaks its rule; empty if it does not.
 * @param {Rule} rule
 * @param {Kind} kind
 * @param {Json} value */
function breaks(rule, kind, value) {
  if (kind === 'table') return '';
  if (kind === 'list') return rule.options?.some(one => isSame(one, value)) ? '' : 'This is not one of the choices.';
  if (kind === 'whole' && !(typeof value === 'number' && Number.isInteger(value))) return 'A whole number belongs here.';
  if (kind === 'number' && typeof value !== 'number') return 'A number belongs here.';
  return isWithin(rule, value) ? '' : `It is to be ${limitsOf(rule)}.`;
}

/** The operators of rules that have one limit, with their words and what they hold for.
 * @type {{[operator: string]: [string, (value: Json, limit: Json) => boolean]}} */
const OPERATORS = {
  equal: ['', (value, limit) => isSame(value, limit)],
  not_equal: ['other than', (value, limit) => !isSame(value, limit)],
  greater_than: ['above', (value, limit) => !isComparable(value, limit) || isBelow(limit, value)],
  less_than: ['below', (value, limit) => !isComparable(value, limit) || isBelow(value, limit)],
  greater_than_or_equal: ['from', (value, limit) => !isBelow(value, limit)],
  less_than_or_equal: ['up to', (value, limit) => !isBelow(limit, value)],
};

/** @param {Rule} rule */
function operatorOf(rule) {
  const name = (rule.operator ?? 'between').toLowerCase().replace('_equal_to', '_equal').replace('_or_equal_to', '_or_equal');
  return own(OPERATORS, name) ? name : name.includes('not_between') ? 'not_between' : 'between';
}

/** @param {Rule} rule
 * @param {Json} value */
function isWithin(rule, value) {
  const {min, max} = rule;
  const one = min ?? max;
  const [, holds] = own(OPERATORS, operatorOf(rule)) ?? ['', null];
  if (holds) return one === undefined || one === null || holds(value, one);
  const low = min !== undefined && min !== null && isBelow(value, min);
  const high = max !== undefined && max !== null && isBelow(max, value);
  const hasLimits = (min ?? null) !== null || (max ?? null) !== null;
  return operatorOf(rule) === 'not_between' ? low || high || !hasLimits : !(low || high);
}

/** The limits of a rule in words; empty if it has none.
 * @param {Rule} rule */
export function limitsOf(rule) {
  const [min, max] = [rule.min ?? null, rule.max ?? null];
  const [words] = own(OPERATORS, operatorOf(rule)) ?? [null];
  if (words !== null) return min === null && max === null ? '' : `${words} ${min ?? max}`.trim();
  const not = operatorOf(rule) === 'not_between' ? 'not ' : '';
  if (min !== null && max !== null) return `${not}from ${min} to ${max}`;
  if (min !== null) return `from ${min}`;
  return max === null ? '' : `up to ${max}`;
}

/** @param {Json} one
 * @param {Json} other */
function isBelow(one, other) {
  return one !== null && other !== null && isComparable(one, other) && one < other;
}

/** @param {Json} one
 * @param {Json} other */
function isComparable(one, other) {
  return typeof one === typeof other;
}

/** Dress the page as the service's metadata says, as far as it holds colours, fonts and a logo; return the logo.
 * @param {Row} found */
function dress(found) {
  let logo = '';
  const root = document.documentElement;
  for (const [name, value] of Object.entries(found)) {
    if (typeof value !== 'string') continue;
    if (/primary.*colou?r/i.test(name) && CSS.supports('color', value)) root.style.setProperty('--brand', value);
    else if (/font/i.test(name) && /^[\w\s-]{1,40}$/.test(value)) root.style.setProperty('--font', `"${value}"`);
    else if (/^data:image\/(png|jpeg|gif|webp|svg\+xml);base64,/.test(value)) logo ||= value;
  }
  return logo;
}

function undress() {
  document.documentElement.style.removeProperty('--brand');
  document.documentElement.style.removeProperty('--font');
}
