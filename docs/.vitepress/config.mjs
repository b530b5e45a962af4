// The configuration of the site. The pages are read from this tree. ./dev docs sets the environment variables, and builds the
// site in target/.
// SPDX-License-Identifier: MIT
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { slug } from 'github-slugger';
import { defineConfig } from 'vitepress';
import { charts } from './charts.mjs';

const root = process.env.PG_HELLO_ROOT;
const repository = 'https://github.com/pg-hello/pg-hello';

// The pages. Other Markdown files of the tree belong to examples, or are generated.
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...readdirSync(path.join(root, 'docs'), { recursive: true })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  'examples/README.md',
  'extension/README.md',
].sort();
const excluded = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'docs')
  .flatMap(({ name }) => (pages.includes(`${name}/README.md`) ? [`${name}/*/**`, `${name}/!(README).md`] : [`${name}/**`]));

// The README of a directory becomes the index of that directory.
const address = (page) => page.replace(/(^|\/)README\.md$/, '$1index.md').replace(/\.md$/, '.html');
const rewrites = Object.fromEntries(
  pages.filter((page) => page.endsWith('README.md')).map((page) => [page, page.replace(/README\.md$/, 'index.md')]),
);

const title = (page) => /^# (.*)$/m.exec(readFileSync(path.join(root, page), 'utf8'))[1].replaceAll('`', '');

const inDocs = (...names) => names.map((name) => `docs/${name}.md`);
const groups = [
  ['Start', ['README.md', 'docs/README.md', ...inDocs('guide-spring-boot', 'guide-c-extension', 'guide-java-calls', 'guide-backups', 'guide-ai-agents'), 'examples/README.md']],
  ['Test with extensions', inDocs('extension-testing', 'test-servers', 'extensions', 'pgvector', 'postgis')],
  ['Your own extension', inDocs('own-extension', 'extension-build', 'extension-install', 'extension-types', 'extension-binding', 'extension-batching', 'jooq-codegen')],
  ['Programs', inDocs('pghello', 'backups', 'maintenance', 'mcp', 'plugin', 'plugin-operations')],
  ['Reference', inDocs('troubleshooting', 'compatibility')],
  ['pg_hello: call it', inDocs(...['client', 'load', 'hibernate', 'hibernate-entities', 'jooq', 'spring-boot', 'webflux', 'quarkus', 'micronaut', 'kotlin', 'frameworks', 'testkit'].map((name) => `pg-hello/${name}`))],
  ['pg_hello: run it', ['extension/README.md', ...inDocs(...['operations', 'monitoring', 'poolers', 'service', 'events', 'deployment', 'reliability', 'benchmarks'].map((name) => `pg-hello/${name}`))]],
  ['The project', ['CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', ...inDocs('contributing/testing', 'contributing/source-documents')]],
];
// pages that no group lists are added to the last group
groups.at(-1)[1].push(...pages.filter((page) => !groups.some(([, members]) => members.includes(page))));
const sidebar = groups.map(([text, members]) => ({
  text,
  items: members.map((page) => ({ text: title(page), link: `/${address(page)}` })),
}));
// not a page of the tree: ./dev docs generates it
sidebar[0].items.push({ text: 'Demos', link: '/demos.html', target: '_self' });

// Makes links between pages point to pages of the site, and links to other files of the tree point to the repository.
function linkedFiles(md) {
  md.core.ruler.push('linked-files', ({ tokens, env }) => {
    const source = path.posix.relative(root, env.realPath ?? env.path);
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === 'link_open' ? token.attrGet('href') : null;
      if (!href || /^([a-z]+:|#|\/)/i.test(href)) continue;
      const [, file, anchor] = /^([^#]*)(.*)$/.exec(href);
      const target = path.posix.normalize(path.posix.join(path.posix.dirname(source), decodeURI(file))).replace(/\/$/, '');
      if (pages.includes(target)) {
        token.attrSet('href', path.posix.relative(path.posix.dirname(source), address(target)) + anchor);
      } else if (existsSync(path.join(root, target))) {
        const kind = statSync(path.join(root, target)).isDirectory() ? 'tree' : 'blob';
        token.attrSet('href', `${repository}/${kind}/main/${encodeURI(target)}${anchor}`);
      } else {
        throw new Error(`${source} links to ${href}, which does not exist`);
      }
    }
  });
}

// Keeps the text of Mermaid diagrams, which the theme draws in the browser.
function diagrams(md) {
  const fence = md.renderer.rules.fence;
  md.renderer.rules.fence = (tokens, index, ...others) =>
    tokens[index].info === 'mermaid'
      ? `<pre class="mermaid" v-pre>${md.utils.escapeHtml(tokens[index].content)}</pre>\n`
      : fence(tokens, index, ...others);
}

// Inserts charts above each table of results, except the summary, which has an image. All charts together replace
// <!-- charts -->.
const marker = /<!-- (results: (?!summary).+|charts) -->/;
const markers = new Set(
  pages.flatMap((page) => [...readFileSync(path.join(root, page), 'utf8').matchAll(new RegExp(`^${marker.source}$`, 'gm'))].map(([, what]) => what)),
);
const drawn = await charts(JSON.parse(readFileSync(path.join(root, 'benchmarks/results.json'), 'utf8')), markers);

function figures(md) {
  const html = md.renderer.rules.html_block;
  md.renderer.rules.html_block = (tokens, index, ...others) =>
    (drawn.get(marker.exec(tokens[index].content)?.[1]) ?? '') + html(tokens, index, ...others);
}

// The pages are rendered in Node.js, which finds Vue in the directory of this file, but not in the directories of the pages.
const vueOfTheSite = {
  name: 'vue-of-the-site',
  enforce: 'pre',
  resolveId: (id, importer, { ssr }) => (ssr && /^vue(\/|$)/.test(id) ? { id, external: true } : null),
};

export default defineConfig({
  title: 'pg-hello',
  description: 'Test, call, build and ship PostgreSQL extensions from Java projects',
  lang: 'en',
  base: process.env.PG_HELLO_SITE_BASE,
  srcDir: root,
  srcExclude: excluded,
  outDir: process.env.PG_HELLO_SITE,
  rewrites,
  // check.mjs checks the links, including anchors and Javadoc
  ignoreDeadLinks: true,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: {
    // the same anchors as on GitHub, which shows the same pages
    anchor: { slugify: slug },
    languageAlias: { crontab: 'sh' },
    config: (md) => {
      linkedFiles(md);
      diagrams(md);
      figures(md);
    },
  },
  vite: {
    build: { chunkSizeWarningLimit: 1000 },
    plugins: [vueOfTheSite],
  },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/docs/' },
      { text: 'Javadoc', link: '/javadoc/index.html', target: '_self' },
      { text: 'Benchmarks', link: '/docs/pg-hello/benchmarks.html' },
      { text: process.env.PG_HELLO_VERSION, link: '/CHANGELOG.html' },
    ],
    sidebar,
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        // pages for contributors do not answer users' questions
        _render: (source, env, md) =>
          /^(?:CHANGELOG|CONTRIBUTING)|^docs\/contributing\//.test(env.relativePath) ? '' : md.render(source, env),
        miniSearch: {
          searchOptions: {
            weights: { fuzzy: 0.1, prefix: 0.2 },
            // without words that occur on every page; the browser gets this function as text, so it uses no other names
            processTerm: (term) =>
              /^(?:an?|and|as|at|be|by|can|do|does|for|from|how|i|in|is|it|my|not|of|on|or|that|the|this|to|what|with)$/i.test(term)
                ? null
                : term.toLowerCase(),
          },
        },
      },
    },
    socialLinks: [{ icon: 'github', link: repository }],
    editLink: { pattern: `${repository}/edit/main/:path`, text: 'Edit this page' },
    footer: { message: 'MIT licence' },
  },
});
