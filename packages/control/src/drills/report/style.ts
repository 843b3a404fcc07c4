/** The report's style: light and dark by the reader's setting, black on white on paper. */
export const STYLE = `
:root { color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #14181f; --soft: #5a6472; --line: #e2e6ec; --grid: #eceff3;
  --http: #1f6feb; --sql: #b8560f; --connect: #7a3fc4; --good: #12753a; --good-soft: #e5f5ea; --bad: #b3261e; --bad-soft: #fdeceb; --shade: rgba(179,38,30,.07); }
@media (prefers-color-scheme: dark) { :root {
  --page: #0e1116; --card: #161b22; --ink: #e8ecf1; --soft: #9aa5b3; --line: #2a313b; --grid: #222933;
  --http: #6cb0ff; --sql: #f0a05a; --connect: #c79bff; --good: #56d07f; --good-soft: #12291b; --bad: #ff8a80; --bad-soft: #34191a; --shade: rgba(255,138,128,.09); } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 28px 20px 56px; }
.brand { display: flex; justify-content: space-between; gap: 16px; color: var(--soft); font-size: 13px; margin-bottom: 18px; flex-wrap: wrap; }
.brand b { color: var(--ink); letter-spacing: .01em; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 20px 22px; margin-bottom: 16px; break-inside: avoid; }
.hero { border-left: 6px solid var(--tone); }
.hero.pass { --tone: var(--good); --tone-soft: var(--good-soft); } .hero.fail { --tone: var(--bad); --tone-soft: var(--bad-soft); }
.badge { display: inline-block; background: var(--tone-soft); color: var(--tone); font-weight: 700; letter-spacing: .08em; font-size: 13px; border-radius: 6px; padding: 3px 10px; }
h1 { font-size: 26px; line-height: 1.25; margin: 12px 0 6px; font-weight: 650; letter-spacing: -.01em; }
h2 { font-size: 15px; margin: 0 0 12px; font-weight: 650; }
.lead { color: var(--soft); margin: 0; max-width: 100ch; }
.reasons { margin: 12px 0 0; padding-left: 20px; color: var(--bad); font-weight: 550; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(176px, 1fr)); gap: 12px; margin-bottom: 16px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 14px 16px; break-inside: avoid; }
.tile .value { font-size: 25px; font-weight: 650; letter-spacing: -.02em; font-variant-numeric: tabular-nums; white-space: nowrap; }
.tile .value.bad { color: var(--bad); } .tile .label { color: var(--soft); font-size: 13px; line-height: 1.35; }
.legend { display: flex; gap: 18px; flex-wrap: wrap; color: var(--soft); font-size: 13px; margin: -4px 0 8px; }
.legend i { display: inline-block; width: 18px; border-top: 2.5px solid; vertical-align: middle; margin-right: 6px; }
.legend i.thin { border-top-width: 1.25px; border-top-style: dashed; } .legend i.http { border-color: var(--http); } .legend i.sql { border-color: var(--sql); } .legend i.connect { border-color: var(--connect); }
.readout { margin-left: auto; color: var(--ink); font-variant-numeric: tabular-nums; min-height: 1.5em; }
svg { width: 100%; height: auto; display: block; } svg text { font: 12px system-ui, sans-serif; }
.grid { stroke: var(--grid); } .tick { fill: var(--soft); } .outage { fill: var(--shade); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; } .line.thin { stroke-width: 1.25; stroke-dasharray: 4 3; }
.line.http { stroke: var(--http); } .line.sql { stroke: var(--sql); } .line.connect { stroke: var(--connect); }
.mark { stroke-width: 1.5; } .mark.fault { stroke: var(--bad); } .mark.whole { stroke: var(--good); stroke-dasharray: 4 3; }
.mark-label { font-weight: 600; } .mark-label.fault { fill: var(--bad); } .mark-label.whole { fill: var(--good); }
.cursor { stroke: var(--soft); stroke-width: 1; opacity: .6; }
ol.timeline { list-style: none; margin: 0; padding: 0; }
.timeline li { display: grid; grid-template-columns: 78px 14px 1fr auto; gap: 12px; align-items: baseline; padding: 5px 0; }
.timeline time { text-align: right; color: var(--soft); font-variant-numeric: tabular-nums; }
.timeline .dot { width: 9px; height: 9px; border-radius: 50%; background: var(--line); align-self: center; }
.timeline .drill .dot { background: var(--ink); } .timeline .fault .dot { background: var(--bad); } .timeline .ledger .dot { background: var(--http); }
.timeline .fault .what { font-weight: 650; } .timeline .source { color: var(--soft); font-size: 12px; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 7px 10px 7px 0; border-bottom: 1px solid var(--line); } tr:last-child > * { border-bottom: 0; }
th { font-weight: 400; color: var(--soft); } td.held, td.bad { width: 1%; white-space: nowrap; } td.held { color: var(--good); } td.bad { color: var(--bad); font-weight: 600; } td.number, th.number { text-align: right; padding-right: 0; padding-left: 16px; }
.columns { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 16px; } @media (max-width: 760px) { .columns { grid-template-columns: minmax(0, 1fr); } .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); } .timeline .source { display: none; } .timeline li { grid-template-columns: 70px 14px 1fr; } }
footer { color: var(--soft); font-size: 13px; } footer p { margin: 6px 0; max-width: 92ch; }
@media print { :root { --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; --grid: #e5e5e5; --http: #1f6feb; --sql: #b8560f; --good: #12753a; --good-soft: #fff; --bad: #b3261e; --bad-soft: #fff; --shade: rgba(179,38,30,.07); }
  main { max-width: none; padding: 0; } .card, .tile { border-radius: 0; } .readout, .cursor { display: none; } }
`

/** Shows the numbers of the second under the pointer. The page is complete without it. */
export const SCRIPT = `
for (const card of document.querySelectorAll('[data-plot]')) {
  const svg = card.querySelector('svg'), cursor = svg.querySelector('.cursor'), out = card.querySelector('.readout');
  const lines = JSON.parse(card.dataset.plot), { left, width, seconds } = svg.dataset;
  const show = (value) => value === null ? '–' : card.dataset.unit === 'ms' && value >= 1000 ? (value / 1000).toFixed(2) + ' s' : Math.round(value * 10) / 10 + (card.dataset.unit === 'ms' ? ' ms' : '');
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * svg.viewBox.baseVal.width;
    const second = Math.floor((x - left) / width * seconds);
    if (second < 0 || second >= seconds) return;
    const at = +left + (second + 0.5) / seconds * width;
    cursor.setAttribute('x1', at); cursor.setAttribute('x2', at);
    out.textContent = 'second ' + second + ': ' + lines.map(([label, values]) => label + ' ' + show(values[second] ?? null)).join(' · ');
  });
  svg.addEventListener('pointerleave', () => { cursor.setAttribute('x1', -9); cursor.setAttribute('x2', -9); out.textContent = ''; });
}
`

/** What only the report over all runs needs. */
export const HISTORY_STYLE = `
:root { --with: #1f6feb; --without: #9aa5b3; } @media (prefers-color-scheme: dark) { :root { --with: #6cb0ff; --without: #66717f; } }
.bar.with { fill: var(--with); } .bar.without { fill: var(--without); } .most { stroke-width: 2; } .most.with { stroke: var(--with); } .most.without { stroke: var(--without); }
.legend i.with { border-color: var(--with); border-top-width: 8px; } .legend i.without { border-color: var(--without); border-top-width: 8px; }
svg .name { fill: var(--ink); font-size: 13px; } svg .ratio { fill: var(--ink); font-weight: 650; font-size: 13px; }
svg.spark { width: 170px; height: auto; } .spark .trend { fill: none; stroke: var(--with); stroke-width: 1.25; opacity: .6; }
.dot.with { fill: var(--with); } .dot.without { fill: var(--without); } .dot.bad { fill: var(--bad); }
table.history td, table.history th { padding-left: 12px; white-space: nowrap; } table.history td:first-child, table.history th:first-child { padding-left: 0; } th.group { text-align: center; border-bottom: 0; }
a { color: var(--with); text-decoration: none; } a:hover { text-decoration: underline; } summary { cursor: pointer; } details .scroll { margin-top: 12px; } td.why { color: var(--soft); min-width: 220px; }
@media print { details:not([open]) > .scroll { display: block; } }
`
