/** The page's style sheet: system fonts, light and dark, readable on a phone and on paper. */
export const style = `
:root{color-scheme:light dark;--ground:#fbfaf7;--card:#fff;--ink:#1d2329;--soft:#66717d;--line:#e3e0d8;--good:#2f7d6b;--note:#b7791f;--bad:#c0392b;
--c1:#2f6f9f;--c2:#4fa58c;--c3:#d9a441;--c4:#c0593f;--c5:#7f6aa8;--c6:#6b8e23;--c7:#b05c8a;--c8:#8a8f98}
@media (prefers-color-scheme:dark){:root{--ground:#14181c;--card:#1c2227;--ink:#e6e9ec;--soft:#94a0ab;--line:#303840;--good:#5cc2a8;--note:#e0b050;--bad:#ef7a68;
--c1:#6fb1e0;--c2:#6fcbb0;--c3:#e6bd6a;--c4:#e5846b;--c5:#ab97d6;--c6:#a5c65a;--c7:#dc8fba;--c8:#8b949e}}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1060px;margin:0 auto;padding:32px 20px 64px}h1{font-size:26px;margin:0 0 4px;letter-spacing:-.01em}h2{font-size:18px;margin:40px 0 12px}
p{margin:6px 0}.soft{color:var(--soft)}code{font:13px/1.4 ui-monospace,monospace}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(124px,1fr));gap:12px;margin:24px 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}.tile b{display:block;font-size:22px;font-weight:600;font-variant-numeric:tabular-nums}
.tile span{color:var(--soft);font-size:13px}.bad{color:var(--bad)}.good{color:var(--good)}
figure{background:var(--card);border:1px solid var(--line);border-radius:10px;margin:12px 0;padding:14px 14px 8px}figcaption{font-weight:600;display:flex;flex-wrap:wrap;gap:4px 16px;justify-content:space-between}
.legend{font-weight:400;font-size:13px;color:var(--soft);display:flex;flex-wrap:wrap;gap:2px 12px}.key i{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:5px;background:currentColor}
svg{display:block;width:100%;height:auto;margin-top:8px}.grid{stroke:var(--line)}.tick{fill:var(--soft);font-size:11px}.hover{fill:transparent}.hover:hover{fill:var(--ink);fill-opacity:.08}
path{fill:currentColor}path.line{fill:none;stroke:currentColor;stroke-width:1.6;stroke-linejoin:round}
.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}.c4{color:var(--c4)}.c5{color:var(--c5)}.c6{color:var(--c6)}.c7{color:var(--c7)}.c8{color:var(--c8)}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px}table{border-collapse:collapse;width:100%;font-size:14px}
th,td{padding:7px 12px;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}tbody tr:last-child td{border-bottom:0}th{color:var(--soft);font-weight:500;font-size:13px;white-space:nowrap}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}td code{overflow-wrap:anywhere}td code.name{white-space:nowrap}
.bar{display:block;height:6px;border-radius:3px;background:var(--c1);margin-top:5px;min-width:1px}
.finding{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--good);border-radius:10px;padding:12px 16px;margin:12px 0}.finding.uneven{border-left-color:var(--note)}
.finding ul{margin:6px 0 0;padding-left:20px}footer{margin-top:48px;color:var(--soft);font-size:13px}
@media print{body{background:#fff}.hover{display:none}}
`;
