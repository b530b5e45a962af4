// Checks the site that ./dev docs has built: every link and anchor, each page in a browser, and the first three results of searches.
// SPDX-License-Identifier: MIT
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { Parser } from 'htmlparser2';
import puppeteer from 'puppeteer-core';

const site = process.env.PG_HELLO_SITE;
const base = process.env.PG_HELLO_SITE_BASE;
const origin = 'http://site.invalid';
const wrong = new Set();

// file: the file for a path of the site, or undefined.
function file(pathname) {
  if (!pathname.startsWith(base)) return undefined;
  const found = path.join(site, decodeURIComponent(pathname.slice(base.length)));
  const whole = existsSync(found) && statSync(found).isDirectory() ? path.join(found, 'index.html') : found;
  return existsSync(whole) ? whole : undefined;
}

const html = readdirSync(site, { recursive: true }).filter((name) => name.endsWith('.html'));
const anchors = new Map();
const links = [];
for (const name of html) {
  const ids = new Set();
  const parser = new Parser({
    onopentag(tag, { id, name: named, href, src }) {
      for (const anchor of [id, tag === 'a' ? named : undefined]) if (anchor) ids.add(anchor);
      for (const link of [href, src]) if (link !== undefined) links.push([name, link]);
    },
  });
  parser.end(readFileSync(path.join(site, name), 'utf8'));
  anchors.set(path.join(site, name), ids);
}
let checked = 0;
for (const [name, link] of links) {
  const url = new URL(link, origin + base + name);
  if (url.origin !== origin) continue;
  checked += 1;
  const target = file(url.pathname);
  const anchor = url.hash.slice(1);
  if (!target) wrong.add(`${name} links to ${link}, which does not exist`);
  // on this page, the Javadoc of JDK 17 links to the common prefix of the package names as if it were a package
  else if (name === 'javadoc/constant-values.html') continue;
  else if (anchor && ![anchor, decodeURIComponent(anchor)].some((id) => anchors.get(target)?.has(id))) {
    wrong.add(`${name} links to ${link}, but the page has no such anchor`);
  }
}

// Runs in the page: reports horizontal scrolling at the current width of the window.
function overflowing() {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  return wide > 0 ? [`scrolls horizontally by ${wide} pixels`] : [];
}

// Runs in the page: reports tables that are shown as text, and text with a low contrast to its background.
function illegible() {
  const found = [];
  for (const { textContent } of document.querySelectorAll('main p')) {
    if (/^\s*\|/.test(textContent)) found.push(`shows a table as text: ${textContent.slice(0, 60)}`);
  }
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) =>
    channels(color).slice(0, 3).reduce((sum, value, i) => {
      const c = value / 255;
      return sum + [0.2126, 0.7152, 0.0722][i] * (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    }, 0);
  const behind = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if ((channels(color)[3] ?? 1) === 1) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  for (const element of document.querySelectorAll('main :is(h1, h2, h3, p, li, td, th, a)')) {
    if (!element.textContent.trim() || !element.offsetParent) continue;
    const [less, more] = [getComputedStyle(element).color, behind(element)].map(luminance).sort((a, b) => a - b);
    const contrast = (more + 0.05) / (less + 0.05);
    if (contrast < 4.5) found.push(`has a low contrast (${contrast.toFixed(1)}): ${element.textContent.slice(0, 60)}`);
  }
  return [...new Set(found)].slice(0, 3);
}

const types = { html: 'text/html', js: 'text/javascript', mjs: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', woff2: 'font/woff2' };
const browser = await puppeteer.launch({
  executablePath: process.env.PG_HELLO_CHROMIUM,
  // as root, Chromium requires no-sandbox; the /dev/shm of a container may be small
  args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  timeout: 120_000,
});
const page = await browser.newPage();
page.setDefaultTimeout(120_000);
let shown = '';
page.on('pageerror', (e) => wrong.add(`${shown} causes an error in the browser: ${e.message}`));
await page.setRequestInterception(true);
page.on('request', (request) => {
  const url = new URL(request.url());
  const found = url.origin === origin ? file(url.pathname) : undefined;
  if (url.protocol === 'data:') return request.continue();
  if (!found) {
    wrong.add(`${shown} requests ${request.url()}, which is not part of the site`);
    return request.respond({ status: 404 });
  }
  return request.respond({ contentType: types[path.extname(found).slice(1)] ?? 'application/octet-stream', body: readFileSync(found) });
});

// look: adds the problems of the open page to wrong, and saves a screenshot if PG_HELLO_SCREENSHOTS is set.
async function look(name, width, scheme, ...what) {
  for (const amiss of what) {
    for (const found of await page.evaluate(amiss)) wrong.add(`${name}, ${width} pixels wide, ${scheme}: ${found}`);
  }
  if (process.env.PG_HELLO_SCREENSHOTS) {
    await page.screenshot({ path: `${process.env.PG_HELLO_SCREENSHOTS}/${name.replaceAll('/', '-')}-${width}-${scheme}.png` });
  }
}

const colours = (value) => page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);
// waits until the scripts of the guide have changed its colours and drawn the diagrams
const drawn = (scheme) =>
  page.waitForFunction(
    (dark) => {
      const guide = document.querySelector('#app');
      const shows = !guide || (guide.__vue_app__ && document.documentElement.classList.contains('dark') === dark);
      return shows && !document.querySelector(`pre.mermaid:not([data-drawn=${dark ? 'dark' : 'light'}])`);
    },
    {},
    scheme === 'dark',
  );

const redirects = (name) => readFileSync(path.join(site, name), 'utf8').includes('http-equiv="refresh"');
const pages = html.filter((name) => !name.startsWith('javadoc/') && name !== '404.html' && !redirects(name));
try {
  // each page is opened only once, because its colours do not depend on the width, and its layout does not depend on the colours
  for (const name of pages) {
    shown = name;
    await colours('light');
    await page.setViewport({ width: 1280, height: 900 });
    await page.goto(origin + base + name);
    // otherwise, elements that move after a change of the width would be checked during their transition
    await page.addStyleTag({ content: '*, *::before, *::after { transition: none !important; }' });
    await drawn('light');
    await look(name, 1280, 'light', overflowing, illegible);
    for (const width of [768, 360]) {
      await page.setViewport({ width, height: 900 });
      await look(name, width, 'light', overflowing);
    }
    await colours('dark');
    await drawn('dark');
    await look(name, 360, 'dark', overflowing, illegible);
  }

  shown = 'the search';
  await page.setViewport({ width: 1280, height: 900 });
  await page.goto(origin + base);
  await drawn('dark');
  await page.keyboard.press('/');
  await page.waitForSelector('.VPLocalSearchBox input');
  const type = (words) =>
    page.$eval(
      '.VPLocalSearchBox input',
      (input, value) => {
        input.value = value;
        input.dispatchEvent(new Event('input', { bubbles: true }));
      },
      words,
    );
  // the pages of the first three results
  const results = () => [...document.querySelectorAll('.VPLocalSearchBox a.result')].slice(0, 3).map(({ href }) => new URL(href).pathname);
  for (const [words, ...expected] of JSON.parse(readFileSync(new URL('searches.json', import.meta.url), 'utf8'))) {
    await type('');
    await page.waitForFunction(() => !document.querySelector('.VPLocalSearchBox a.result'));
    await type(words);
    await page.waitForSelector('.VPLocalSearchBox a.result');
    const found = await page.evaluate(results);
    if (!expected.some((name) => found.includes(base + name))) wrong.add(`a search for "${words}" finds ${found.join(', ')}`);
  }
} catch (e) {
  wrong.add(`${shown}: ${e.message}`);
}
await browser.close();

for (const what of wrong) console.error(what);
if (checked < 1000 || pages.length < 20) throw new Error(`only ${checked} links and ${pages.length} pages were checked`);
if (wrong.size > 0) process.exit(1);
console.error(`all ${checked} links are valid; no problems on ${pages.length} pages, at three widths, in light and dark mode`);
