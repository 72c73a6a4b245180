/**
 * The page's only style sheet; the page allows it by its hash. Colours come in pairs for light and dark; blue and orange stay
 * apart for every kind of colour vision and differ in lightness in print. The steps v0..v6 are cividis.
 */
export const reportStyle = `
:root{color-scheme:light dark;--page:#fbfbf9;--card:#fff;--ink:#1d2326;--quiet:#5c666b;--rule:#dfe3e1;--faint:#edf0ee;--advance:#0b62a8;--advance-soft:#e3eff9;--discard:#b0570b;--discard-soft:#fbeee1;--check:#4b5357;--check-soft:#eceeed}
@media (prefers-color-scheme:dark){:root{--page:#14181a;--card:#1b2023;--ink:#e8ecea;--quiet:#9aa5a9;--rule:#333b3f;--faint:#252c2f;--advance:#6db6f2;--advance-soft:#16324a;--discard:#f0a35e;--discard-soft:#43290f;--check:#b5bfc3;--check-soft:#2b3337}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
main{max-width:72rem;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2.75rem 0 .75rem}
p{margin:.4rem 0;max-width:46rem}
.lead{color:var(--quiet);margin:0;overflow-wrap:anywhere}
.quiet{color:var(--quiet)}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.counts{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin:1.5rem 0 0;padding:0;list-style:none}
.counts li{background:var(--card);border:1px solid var(--rule);border-top:4px solid var(--check);border-radius:6px;padding:.75rem 1rem}
.counts li.of-advance{border-top-color:var(--advance)}
.counts li.of-discard{border-top-color:var(--discard)}
.counts b{display:block;font-size:1.9rem;line-height:1.15;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.counts span{color:var(--quiet);font-size:.9rem}
.chart{display:grid;grid-template-columns:minmax(4rem,max-content) minmax(0,1fr);column-gap:.75rem}
.chart-names{list-style:none;margin:26px 0 0;padding:0;max-width:13rem;min-width:0}
.chart-names li{height:22px;line-height:22px;font-size:13px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis;text-align:right}
.chart-names .advance-name{font-weight:600}
.chart-names .check-name{color:var(--quiet);font-style:italic}
.chart-plot{display:block;overflow:visible}
.chart-plot text,.map text{font-size:12px;fill:var(--quiet)}
.tick{text-anchor:middle;font-variant-numeric:tabular-nums}
.grid{stroke:var(--faint)}
.reference{stroke:var(--ink);stroke-width:1.5}
.asked{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:4 3}
.advance{fill:var(--advance)}
.discard{fill:var(--page);stroke:var(--discard);stroke-width:2;transform:translateX(-4.5px)}
.check{fill:var(--check);transform:translateX(-4px) rotate(45deg);transform-box:fill-box;transform-origin:center}
.advance-interval{stroke:var(--advance);stroke-width:2.5}
.discard-interval{stroke:var(--discard);stroke-width:1.5}
.check-interval{stroke:var(--check);stroke-width:1.5;stroke-dasharray:2 2}
.axis-name{text-align:right;color:var(--quiet);font-size:.85rem;max-width:none;overflow-wrap:anywhere}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:.5rem 0 0;padding:0;font-size:.85rem;color:var(--quiet)}
.legend svg{vertical-align:-3px;margin-right:.35rem}
.scroll{overflow-x:auto;border:1px solid var(--rule);border-radius:6px;background:var(--card)}
table{border-collapse:collapse;width:100%;font-size:.875rem}
th,td{padding:.45rem .7rem;text-align:left;vertical-align:top;border-top:1px solid var(--rule)}
thead th{border-top:0;color:var(--quiet);font-weight:600;font-size:.8rem;vertical-align:bottom}
tbody th{font-weight:600;overflow-wrap:anywhere;min-width:6rem;max-width:16rem}
tbody th bdi{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:3;overflow:hidden}
.figure{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
thead .figure{white-space:normal}
.reason-row td{font-size:.8rem;border-top:0;padding-top:0;color:var(--quiet)}
.reason-row div{contain:inline-size;position:sticky;left:.7rem;max-width:calc(100vw - 7.5rem);overflow-wrap:anywhere}
.checks{border-top:2px solid var(--rule)}
.checks th{font-style:italic}
.advance-badge,.discard-badge,.check-badge{display:inline-block;padding:0 .5rem;border-radius:99px;font-weight:600;font-size:.8rem;border:1.5px solid transparent;white-space:nowrap}
.advance-badge{background:var(--advance);color:var(--card)}
.discard-badge{color:var(--discard);border-color:var(--discard)}
.check-badge{background:var(--check-soft);color:var(--check)}
.map{overflow-x:auto}
.map svg{display:block;max-width:100%;height:auto}
.map .place{text-anchor:middle}
.v0{fill:#00224e}.v1{fill:#2a3f6d}.v2{fill:#575d6d}.v3{fill:#7d7c78}.v4{fill:#a59c74}.v5{fill:#d2c060}.v6{fill:#fee838}
.no-value{fill:none;stroke:var(--rule)}
.cross{stroke:var(--quiet);fill:none}
.check-dot{fill:#fff;stroke:#000;stroke-width:1.5}
.scale{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem .6rem;font-size:.85rem;max-width:none;font-variant-numeric:tabular-nums}
.swatches{display:inline-flex}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.3rem 1.25rem;margin:0;font-size:.9rem}
dt{color:var(--quiet)}
dd{margin:0;overflow-wrap:anywhere}
.plain{padding-left:1.1rem;margin:.4rem 0;max-width:46rem}
.plain li{margin:.25rem 0;overflow-wrap:anywhere}
summary{cursor:pointer}
code{font:.85em ui-monospace,"Cascadia Mono","DejaVu Sans Mono",monospace}
@media (max-width:36rem){main{padding:1.25rem .9rem 3rem}h1{font-size:1.4rem}.counts{grid-template-columns:repeat(2,1fr)}.counts b{font-size:1.5rem}.chart-names{max-width:6.5rem}dl{grid-template-columns:minmax(0,1fr)}dd{margin-bottom:.4rem}}
@media print{:root{--page:#fff;--card:#fff;--ink:#000;--quiet:#333}body{font-size:11px}main{max-width:none;padding:0}.scroll{overflow:visible;border:0}tr,.chart-names li{break-inside:avoid}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`;
