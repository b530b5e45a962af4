// SPDX-License-Identifier: MIT
// What HtmlReportIT asks of the page. A check returns what is wrong, and so "" if all is well.
const box = element => element.getBoundingClientRect();
const all = (selector, within = document) => {
  const found = [...within.querySelectorAll(selector)];
  if (!found.length) throw new Error('no ' + selector);
  return found;
};
const failing = (selector, holds) =>
  all(selector).filter(element => !holds(element)).map(element => element.outerHTML).join('; ');

const openDetails = () => all('details').forEach(details => details.open = true);

const marksOutside = () => failing('.strip .dot, .plot .point', mark => {
  const m = box(mark), c = box(mark.closest('[role=img]'));
  return m.width >= 4 && m.left >= c.left - 8 && m.right <= c.right + 8
    && m.top >= c.top - 8 && m.bottom <= c.bottom + 8;
});

const linesUnseen = () => failing('.plot .line',
  line => box(line).width >= 100 && getComputedStyle(line).stroke !== 'none');

// on one another, or beyond what their chart has room for
const labelsTouching = () => all('.plot, .axis svg').flatMap(chart => {
  const labels = [...chart.querySelectorAll('text')].filter(text => box(text).width > 0);
  const room = box(chart.closest('.curve, .axis'));
  return labels.flatMap((label, i) => {
    const a = box(label);
    const outside = a.left < 0 || a.right > innerWidth || a.top < room.top || a.bottom > room.bottom;
    return labels.slice(i + 1).map(other => [other.textContent, box(other)])
      .filter(([, b]) => a.left < b.right && b.left < a.right
        && a.top + 3 < b.bottom && b.top + 3 < a.bottom)
      .map(([other]) => other).concat(outside ? ['edge'] : [])
      .map(other => label.textContent + ' / ' + other);
  });
}).join('; ');

const tablesUnscrollable = () => failing('table', table => {
  const region = table.closest('[role=region][tabindex="0"]');
  return box(region).right <= innerWidth
    && ['auto', 'scroll'].includes(getComputedStyle(region).overflowX);
});

const detailsHidden = () => failing('details table, details dl, details ul',
  part => box(part).height > 0 && part.checkVisibility({contentVisibilityAuto: true}));

// each element's own text with less contrast than people need, large letters or not
const textsFaint = () => {
  const channels = color => color.match(/[\d.]+/g).map(Number);
  const luminance = color => {
    const [r, g, b] = channels(color).slice(0, 3).map(c => c / 255)
      .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = element => {
    for (let e = element; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor;
      if ((channels(color)[3] ?? 1) === 1) return color;
    }
    throw new Error('no background');
  };
  const faint = [];
  let texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest('title, desc')) continue;
    const style = getComputedStyle(element);
    const color = element.closest('svg') ? style.fill : style.color;
    const [one, other] = [luminance(color), luminance(background(element))].sort((a, b) => b - a);
    texts++;
    if ((one + 0.05) / (other + 0.05) < 4.5) faint.push(node.data + ': ' + color);
  }
  return texts > 500 ? faint.join('; ') : texts + ' texts only';
};
