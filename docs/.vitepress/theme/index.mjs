// SPDX-License-Identifier: MIT
import { onContentUpdated, useData, withBase } from 'vitepress';
import DefaultTheme from 'vitepress/theme';
import { watch } from 'vue';
import './style.css';

let last = Promise.resolve();

async function drawDiagrams(dark) {
  const nodes = [...document.querySelectorAll('pre.mermaid')];
  if (nodes.length === 0) return;
  for (const node of nodes) {
    node.dataset.source ??= node.textContent;
    node.textContent = node.dataset.source;
    delete node.dataset.processed;
  }
  // load the published build of Mermaid, because bundling Mermaid would take longer than the rest of the site
  const { default: mermaid } = await import(/* @vite-ignore */ withBase('/mermaid/mermaid.esm.min.mjs'));
  mermaid.initialize({
    startOnLoad: false,
    theme: dark ? 'dark' : 'default',
    // the default colour is too similar to the text's colour
    themeVariables: dark ? { edgeLabelBackground: '#1b1b1f' } : {},
  });
  await mermaid.run({ nodes });
  for (const node of nodes) node.dataset.drawn = dark ? 'dark' : 'light';
}

export default {
  extends: DefaultTheme,
  setup() {
    const { isDark } = useData();
    // one run after the other, because concurrent runs would change the same elements and fail
    const draw = () => (last = last.catch(() => {}).then(() => drawDiagrams(isDark.value)));
    onContentUpdated(draw);
    watch(isDark, draw);
  },
};
