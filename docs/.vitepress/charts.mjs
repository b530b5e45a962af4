// Draws the charts of benchmarks/results.json with Vega-Lite when the site is built. Run as a program, it writes the image
// docs/ratios.svg: node charts.mjs RESULTS.json IMAGE.svg
// SPDX-License-Identifier: MIT
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import * as vega from 'vega';
import { compile } from 'vega-lite';

// Light and dark colours are variables of the page: theme/style.css, and style below for the image.
const color = (name) => `var(--chart-${name})`;
const font = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const config = {
  background: null,
  font,
  axis: { labelColor: color('soft'), titleColor: color('soft'), gridColor: color('rule'), domainColor: color('axis'), tickColor: color('axis'), labelFontSize: 12, titleFontWeight: 'normal', labelLimit: 480 },
  legend: { labelColor: color('ink'), titleColor: color('soft'), labelFontSize: 12, labelLimit: 300, symbolStrokeWidth: 2 },
  title: { color: color('ink'), fontSize: 14, anchor: 'start', subtitleColor: color('soft') },
  view: { stroke: null },
};

// figure: formats a number with three significant digits.
const figure = (value) => (value >= 100 ? Math.round(value) : Number(value.toPrecision(3))).toLocaleString('en');

// lead: the factor by which pg-hello is better in a row, regardless of whether higher or lower figures are better; undefined
// without a finite ratio.
function lead({ row, ratio }) {
  if (!ratio || !(ratio.lower > 0) || !Number.isFinite(ratio.upper)) return undefined;
  const target = row.judged === 'RATIO' ? row.target : undefined;
  const ahead = (value) => (row.better === 'HIGHER' ? value : 1 / value);
  const [worse, better] = [ahead(ratio.lower), ahead(ratio.upper)].sort((a, b) => a - b);
  return { worse, median: ahead(ratio.median), better, must: target && ahead(target.must), goal: target && ahead(target.goal) };
}

// bars: the data of the rows that have a finite ratio.
function bars(results) {
  return results.flatMap((result) => {
    const ahead = lead(result);
    if (!ahead) return [];
    const { name, peer } = result.row;
    return [{ ...ahead, row: name, label: [name, `against ${peer}`], verdict: result.verdict ?? 'NONE', factor: `${figure(ahead.median)} ×` }];
  });
}

// ratios: a chart with a row for each comparison. A point to the right of the line means that pg-hello is better.
export function ratios(title, results) {
  const values = bars(results);
  const all = values.flatMap(({ worse, better, must, goal }) => [worse, better, must, goal]).filter(Boolean);
  const domain = [Math.min(0.5, ...all) / 1.1, Math.max(2, ...all) * 1.1];
  const steps = Math.log10(domain[1] / domain[0]) > 2.5 ? [1] : [1, 2, 5];
  const ticks = [-2, -1, 0, 1, 2, 3, 4].flatMap((power) => steps.map((step) => step * 10 ** power));
  const x = (field) => ({
    field,
    type: 'quantitative',
    scale: { type: 'log', domain, nice: false },
    axis: {
      title: '‹ alternative ahead  |  pg-hello ahead ›',
      orient: 'top',
      values: ticks.filter((tick) => tick >= domain[0] && tick <= domain[1]),
      labelExpr: "datum.value == 1 ? 'equal' : format(max(datum.value, 1 / datum.value), ',.3~r') + ' ×'",
    },
  });
  const y = { field: 'row', type: 'nominal', sort: null, axis: { title: null, domain: false, ticks: false, labelExpr: 'split(datum.label, "\\n")', labelColor: color('ink') } };
  const shade = {
    field: 'verdict',
    type: 'nominal',
    legend: null,
    scale: { domain: ['GOAL', 'OK', 'MISS', 'UNMEASURED', 'NONE'], range: ['goal', 'ours', 'miss', 'soft', 'soft'].map(color) },
  };
  const shape = {
    field: 'verdict',
    type: 'nominal',
    legend: null,
    scale: { domain: ['GOAL', 'OK', 'MISS', 'UNMEASURED', 'NONE'], range: ['diamond', 'circle', 'cross', 'circle', 'circle'] },
  };
  return {
    title: { text: title },
    description: `${title}: ${values.map((bar) => `${bar.label.join(' ')}: ${bar.factor}`).join('; ')}`,
    width: 420,
    height: { step: 40 },
    data: { values: values.map((bar) => ({ ...bar, row: bar.label.join('\n') })) },
    encoding: { y },
    layer: [
      { mark: { type: 'rule', color: color('axis') }, data: { values: [{}] }, encoding: { y: null, x: { datum: 1, type: 'quantitative' } } },
      { mark: { type: 'rule', strokeWidth: 8, strokeCap: 'round', opacity: 0.3 }, encoding: { x: x('worse'), x2: { field: 'better' }, color: shade } },
      { mark: { type: 'point', filled: true, size: 110 }, encoding: { x: x('median'), color: shade, shape } },
      { mark: { type: 'tick', thickness: 2, size: 18, color: color('ink') }, transform: [{ filter: 'isValid(datum.must)' }], encoding: { x: x('must') } },
      { mark: { type: 'point', shape: 'triangle-down', yOffset: -13, size: 40, filled: true, color: color('soft') }, transform: [{ filter: 'isValid(datum.goal)' }], encoding: { x: x('goal') } },
      { mark: { type: 'text', align: 'left', dx: 450, color: color('ink') }, encoding: { x: { value: 0 }, text: { field: 'factor' } } },
    ],
  };
}

// curve: a chart with a line for each side, and its quartiles as a band.
export function curve({ name, axis, unit, better, lines }) {
  const values = lines.flatMap((line) =>
    line.points.map(({ x, spread }) => ({ x, side: line.name, kind: line.ours ? 'pg-hello' : 'peer', ...spread })),
  );
  const log = (field) => {
    const numbers = values.map((value) => value[field]);
    return Math.min(...numbers) > 0 && Math.max(...numbers) >= 10 * Math.min(...numbers) ? { type: 'log', nice: false } : { zero: true };
  };
  const sides = lines.map((line) => line.name);
  const peers = lines.filter((line) => !line.ours).map((line) => line.name);
  const side = {
    field: 'side',
    type: 'nominal',
    title: null,
    legend: { orient: 'bottom', columns: 2, symbolType: 'stroke', symbolOpacity: 1 },
    scale: { domain: sides, range: lines.map((line) => (line.ours ? color('ours') : color(`peer${(peers.indexOf(line.name) % 6) + 1}`))) },
  };
  const ours = lines.filter((line) => line.ours).map((line) => line.name);
  const dash = {
    field: 'side',
    type: 'nominal',
    title: null,
    scale: { domain: sides, range: lines.map((line) => (line.ours ? [[1, 0], [7, 3], [2, 2]][ours.indexOf(line.name) % 3] : [1, 0])) },
  };
  const xs = [...new Set(values.map(({ x }) => x))].sort((a, b) => a - b);
  const last = (line) => line.points.at(-1);
  return {
    title: { text: name, subtitle: better === 'HIGHER' ? 'higher is better' : 'lower is better' },
    description: `${name}: ${lines.map((line) => `${line.name} ${figure(last(line).spread.median)} ${unit} at ${last(line).x} ${axis}`).join('; ')}`,
    width: 560,
    height: 300,
    data: { values },
    encoding: {
      x: { field: 'x', type: 'quantitative', title: axis, scale: log('x'), axis: { values: xs, labelOverlap: true, format: ',~r' } },
      color: side,
    },
    layer: [
      { mark: { type: 'area', opacity: 0.12 }, encoding: { y: { field: 'lower', type: 'quantitative', title: unit.replace(/^us/, 'µs') || null, scale: log('median') }, y2: { field: 'upper' } } },
      { mark: { type: 'line', strokeWidth: 2 }, encoding: { y: { field: 'median', type: 'quantitative' }, strokeDash: dash } },
      { mark: { type: 'point', filled: true, size: 30 }, encoding: { y: { field: 'median', type: 'quantitative' } } },
    ],
  };
}

// svg: the image of a chart, with a text alternative.
async function svg(spec) {
  const view = new vega.View(vega.parse(compile({ config, ...spec }).spec), { renderer: 'none' });
  const image = await view.toSVG();
  view.finalize();
  const text = spec.description.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
  return image.replace(/^<svg [^>]*?(?=width=)/, `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${text}" `);
}

// charts: returns the charts for the markers <!-- results: WHAT --> and <!-- charts -->, by the marker's text.
export async function charts(report, markers) {
  const drawn = new Map();
  for (const marker of markers) {
    const [kind, ...names] = marker.replace(/^results: /, '').split(' ');
    const curves = report.benchmarks.flatMap((benchmark) => benchmark.curves);
    const named = curves.filter(({ name }) => `results: ${name}` === marker);
    const sections = report.benchmarks.filter(({ name }) =>
      marker === 'charts' || (['targets', 'summary'].includes(kind) ? names.length === 0 || names.includes(name) : name === kind),
    );
    const specs = named.length > 0 ? named.map(curve) : sections.flatMap(({ name, results, curves: own }) => {
      const shown = results.filter(({ row }) =>
        ['targets', 'summary'].includes(kind) ? row.target : kind !== name || names.length === 0 || names.includes(row.unit),
      );
      return [
        ...(bars(shown).length > 0 ? [ratios(name, shown)] : []),
        ...(marker === 'charts' ? own.map((each) => curve({ ...each, name: `${name}: ${each.name}` })) : []),
      ];
    });
    const images = [];
    for (const spec of specs) images.push(`<figure class="chart" tabindex="0" v-pre>${await svg(spec)}</figure>\n`);
    if (images.length === 0) throw new Error(`<!-- ${marker} --> matches no results`);
    drawn.set(marker, images.join(''));
  }
  return drawn;
}

const light = { page: '#fcfcfa', ink: '#1d2328', soft: '#55606a', rule: '#dfe1de', axis: '#8b949b', ours: '#1f5fa8', goal: '#2b7a3d', miss: '#b8341b' };
const dark = { page: '#14181b', ink: '#e6e8e6', soft: '#a5afb7', rule: '#2e363c', axis: '#6f7a83', ours: '#7db4f0', goal: '#7fcf8e', miss: '#ff8f73' };
const variables = (colors) => Object.entries(colors).map(([name, value]) => `--chart-${name}: ${value};`).join(' ');

// image: returns an image for pages on GitHub and similar sites. It follows the reader's light or dark mode.
async function image(report, names) {
  const results = report.benchmarks.filter(({ name }) => names.includes(name)).flatMap((benchmark) => benchmark.results);
  const shown = results.filter(({ row }) => row.target && row.judged === 'RATIO');
  const drawn = await svg(ratios('Throughput, time and round trips compared with the alternative', shown));
  const style = `<style>:root { color-scheme: light dark; ${variables(light)} } @media (prefers-color-scheme: dark) { :root { ${variables(dark)} } }</style>`;
  return `${drawn.replace(/(<svg [^>]*>)/, `$1${style}<rect width="100%" height="100%" fill="var(--chart-page)"/>`)}\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [, , results, file] = process.argv;
  writeFileSync(file, await image(JSON.parse(readFileSync(results, 'utf8')), ['client', 'hibernate']));
}
