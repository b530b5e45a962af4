// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { charts, curve, ratios } from './charts.mjs';

const spread = (lower, median, upper) => ({ lower, median, upper });
const result = (better, ratio, target) => ({
  row: { name: 'a', peer: `b <"&> ${better}`, unit: 'ms', better, judged: 'RATIO', target },
  ratio,
  verdict: target ? 'OK' : null,
});
const line = (name, ours, ...medians) => ({ name, ours, points: medians.map((median, i) => ({ x: 4 ** i, spread: spread(median / 2, median, median * 2) })) });
const speed = { name: 'speed', axis: 'calls', unit: 'us', better: 'LOWER', lines: [line('ours', true, 1, 100), line('theirs', false, 50, 60)] };
const report = { benchmarks: [{ name: 'client', results: [result('HIGHER', spread(2, 4, 5), { must: 2, goal: 8 })], curves: [speed] }] };

test('points on the right mean that pg-hello is better, whether higher or lower figures are better', () => {
  const target = { must: 0.5, goal: 0.2 };
  const [lower, higher] = ratios('x', [result('LOWER', spread(0.2, 0.25, 0.5), target), result('HIGHER', spread(2, 4, 5))]).data.values;
  assert.deepEqual([lower.worse, lower.median, lower.better, lower.must, lower.goal], [2, 4, 5, 2, 5]);
  assert.deepEqual([higher.worse, higher.median, higher.better, higher.must, higher.goal], [2, 4, 5, undefined, undefined]);
  assert.equal(lower.factor, '4 ×');
});

test('rows without a finite ratio are omitted', () => {
  const { data } = ratios('x', [result('LOWER', null), result('LOWER', spread(0, 1, 2)), result('HIGHER', spread(1, 1, 1))]);
  assert.equal(data.values.length, 1);
});

test('a curve has the median and quartiles of each side at each point', () => {
  const { data, description, encoding } = curve(speed);
  assert.deepEqual(data.values[1], { x: 4, side: 'ours', kind: 'pg-hello', lower: 50, median: 100, upper: 200 });
  assert.equal(description, 'speed: ours 100 us at 4 calls; theirs 60 us at 4 calls');
  assert.equal(encoding.color.scale.range[0], 'var(--chart-ours)');
});

test('a marker is replaced by the charts that it names, with a text alternative', async () => {
  const drawn = await charts(report, ['results: targets client', 'results: client ms', 'results: speed', 'charts']);
  const count = (marker) => drawn.get(marker).split('<figure').length - 1;
  assert.deepEqual([...drawn.keys()].map(count), [1, 1, 1, 2]);
  assert.match(drawn.get('results: targets client'), /<svg xmlns="[^"]+" role="img" aria-label="client: a against b &lt;&quot;&amp;> HIGHER: 4 ×"/);
  assert.match(drawn.get('results: speed'), /var\(--chart-peer1\)/);
});

test('a marker that matches no results fails', async () => {
  await assert.rejects(charts(report, ['results: unheard-of']), /matches no results/);
});
