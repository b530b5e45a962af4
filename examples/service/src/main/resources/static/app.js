// SPDX-License-Identifier: MIT
// The page of the greeting service. Displays responses only as text, never as HTML.

const element = (id) => document.getElementById(id);
const number = new Intl.NumberFormat('en');
const BUCKETS = Array.from({ length: 14 }, (_, i) => 62 * 2 ** i);
const ROUNDS = 4;

const pageTimes = BUCKETS.map((upTo) => ({ up_to_us: upTo, calls: 0 }));

/** Sends a request to the service. Throws an Error with a readable message if the request fails. */
async function ask(path, options = {}, counted = true) {
  const begin = performance.now();
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error('The service does not answer.');
  }
  const body = await response.json().catch(() => undefined); // a gateway may respond with HTML
  if (counted) {
    countPageTime((performance.now() - begin) * 1000);
  }
  if (!response.ok || !body) {
    const wrong = (body?.errors ?? []).map((error) => `${error.field} ${error.message}`).join('; ');
    throw new Error(wrong || body?.detail || `The service answered ${response.status}.`);
  }
  return body;
}

const post = (path, body) =>
  ask(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });

function countPageTime(micros) {
  const index = BUCKETS.findIndex((upTo) => micros <= upTo);
  pageTimes[index < 0 ? BUCKETS.length - 1 : index].calls++;
  draw(element('page-chart'), [{ className: 'shared', label: 'All', histogram: pageTimes }], "This page's requests");
}

function show(id, text, wrong = false) {
  element(id).textContent = text;
  element(id).classList.toggle('wrong', wrong);
}

/** Runs an action while its button is disabled, and displays any error. */
async function whileDisabled(button, statusId, action) {
  button.disabled = true;
  try {
    await action();
  } catch (error) {
    show(statusId, error.message, true);
  } finally {
    button.disabled = false;
    button.focus();
  }
}

element('greet').addEventListener('submit', (event) => {
  event.preventDefault();
  whileDisabled(event.currentTarget.querySelector('button'), 'greeting', async () => {
    const repeat = element('repeat').value;
    // in the body, because a path cannot contain all names
    const answer = await post('api/bulk-greetings', {
      names: [element('name').value],
      ...(repeat && { repeat: Number(repeat) }),
    });
    show('greeting', answer.greetings[0].greeting);
  });
});

element('bulk').addEventListener('submit', (event) => {
  event.preventDefault();
  whileDisabled(event.currentTarget.querySelector('button'), 'bulk-status', async () => {
    element('greetings').replaceChildren();
    const names = element('names').value.split('\n').filter((name) => name.trim());
    const begin = performance.now();
    const answer = await post('greetings/batch', { names });
    const millis = Math.round(performance.now() - begin);
    show('bulk-status', `${number.format(answer.count)} greetings in ${millis} ms, with one statement`);
    element('greetings').replaceChildren(
      ...answer.greetings.map(({ greeting }) => {
        const item = document.createElement('li');
        item.textContent = greeting;
        return item;
      }),
    );
  });
});

element('run').addEventListener('click', (event) => {
  whileDisabled(event.currentTarget, 'load-status', async () => {
    const series = [
      { className: 'shared', label: 'Sharing statements' },
      { className: 'alone', label: 'One statement each' },
    ].map((one) => ({ ...one, rates: [], histogram: emptyHistogram() }));
    for (let round = 1; round <= ROUNDS; round++) {
      for (const one of series) {
        show('load-status', `Round ${round} of ${ROUNDS}…`);
        const answer = await ask(`api/load?batching=${one.className === 'shared'}`, { method: 'POST' }, false);
        one.rates.push(answer.calls_per_second);
        one.histogram.forEach((bucket, i) => (bucket.calls += answer.histogram[i].calls));
        element(`${one.className}-rate`).textContent = number.format(Math.round(median(one.rates)));
        element(`${one.className}-median`).textContent = `≤ ${time(medianOf(one.histogram))}`;
        draw(element('load-chart'), series, 'Latency of the calls');
      }
    }
    const [shared, alone] = series.map(({ rates }) => median(rates));
    show('load-status', `Calls that share statements: ${(shared / alone).toFixed(1)} times as many a second`);
  });
});

const emptyHistogram = () => BUCKETS.map((upTo) => ({ up_to_us: upTo, calls: 0 }));

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

function medianOf(histogram) {
  const half = histogram.reduce((sum, { calls }) => sum + calls, 0) / 2;
  let sum = 0;
  return histogram.find(({ calls }) => (sum += calls) >= half).up_to_us;
}

function time(micros) {
  if (micros < 1000) {
    return `${micros} µs`;
  }
  return micros < 10_000 ? `${(micros / 1000).toFixed(1)} ms` : `${Math.round(micros / 1000)} ms`;
}

/** Draws histograms side by side. The bars of each histogram are shares of its own calls. */
function draw(chart, series, title) {
  const width = Math.max(chart.clientWidth, 280);
  const labelled = width > 500 ? 2 : 4;
  const height = 180;
  const floor = height - 24;
  const step = width / BUCKETS.length;
  const svg = svgElement('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img' });
  const described = series.filter(({ histogram }) => histogram.some(({ calls }) => calls > 0));
  svg.setAttribute('aria-label', `${title}. ${described.map(({ label, histogram }) =>
    `${label}: half within ${time(medianOf(histogram))}`).join('. ')}`);
  svg.append(svgElement('line', { x1: 0, x2: width, y1: floor, y2: floor }));
  const largest = Math.max(...described.flatMap(({ histogram }) => shares(histogram)));
  series.forEach(({ className, histogram }, i) => {
    const bar = (step - 8) / series.length;
    shares(histogram).forEach((share, bucket) => {
      const size = share === 0 ? 0 : Math.max(2, (share / largest) * (floor - 6));
      svg.append(svgElement('rect', {
        class: className, x: bucket * step + 4 + i * bar, y: floor - size, width: bar, height: size,
      }));
    });
  });
  BUCKETS.slice(0, -1).forEach((upTo, bucket) => {
    if (bucket % labelled === 1) {
      const label = svgElement('text', { x: (bucket + 1) * step, y: height - 7 });
      label.textContent = time(upTo);
      svg.append(label);
    }
  });
  chart.replaceChildren(svg);
}

function shares(histogram) {
  const sum = histogram.reduce((total, { calls }) => total + calls, 0);
  return histogram.map(({ calls }) => (sum === 0 ? 0 : calls / sum));
}

function svgElement(name, attributes) {
  const created = document.createElementNS('http://www.w3.org/2000/svg', name);
  Object.entries(attributes).forEach(([key, value]) => created.setAttribute(key, value));
  return created;
}

async function describe() {
  try {
    const info = await ask('api/info');
    show('info', `pg_hello ${info.extension_version} · ${info.postgresql_version}`);
    await offerLoad();
  } catch (error) {
    show('info', error.message, true);
  }
}

async function offerLoad() {
  const load = await ask('api/load');
  if (!load.enabled) {
    return;
  }
  element('load-text').textContent =
    `${load.threads} threads greet for ${load.milliseconds} ms, ${ROUNDS} times with and ${ROUNDS} times without sharing statements.`;
  element('load').hidden = false;
}

describe();
