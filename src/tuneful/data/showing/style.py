"""How the page of a data set looks: light or dark as the reader's screen is, narrow or wide."""

from __future__ import annotations

from tuneful.core.chart import STYLE as CHARTS

STYLE = (
    """
:root { color-scheme: light dark; --line: #8883; --card: #fff; --page: #f6f7f9; --ink: #1c2128;
  --soft: #57606a; --error: #b3261e; --warning: #8a5a00; --note: #0b6b7a; }
@media (prefers-color-scheme: dark) {
  :root { --card: #1b2027; --page: #12161b; --ink: #e6e9ee; --soft: #9aa5b1; --error: #f28b82;
    --warning: #f2c063; --note: #6cc7d6; }
}
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, "Segoe UI", Roboto, sans-serif; margin: 0;
  background: var(--page); color: var(--ink); }
main { max-width: 68rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .75rem; }
h3 { font-size: 1rem; margin: 0 0 .75rem; font-weight: 600; }
p { margin: .35rem 0; } .aside { color: var(--soft); font-size: .9rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: 1rem 1.1rem; min-width: 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem;
  margin: 1.25rem 0 0; }
.tiles .card { padding: .75rem .9rem; }
.tiles b { display: block; font-size: 1.35rem; line-height: 1.25; overflow-wrap: anywhere;
  font-variant-numeric: tabular-nums; }
.tiles span { color: var(--soft); font-size: .85rem; display: block; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr));
  gap: .75rem; }
details.card { padding: 0; margin: .5rem 0; }
summary { padding: .7rem 1.1rem; cursor: pointer; overflow-wrap: anywhere; }
details dl { margin: 0; padding: 0 1.1rem .9rem; display: grid; gap: .2rem .9rem;
  grid-template-columns: max-content 1fr; }
details dt { color: var(--soft); } details dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
.level { font-size: .78rem; font-weight: 600; padding: .1rem .5rem; border-radius: 1rem;
  border: 1px solid currentColor; margin-right: .5rem; }
.error { color: var(--error); } .warning { color: var(--warning); } .note { color: var(--note); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; overflow-wrap: break-word; }
th { color: var(--soft); font-weight: 500; }
tr:last-child td { border-bottom: 0; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font: .85em ui-monospace, monospace; overflow-wrap: anywhere; }
.examples { display: grid; gap: .75rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
.examples header { display: flex; flex-wrap: wrap; gap: .4rem .6rem; align-items: baseline;
  color: var(--soft); font-size: .85rem; margin-bottom: .4rem; }
.aim { color: var(--ink); background: #8882; border-radius: 1rem; padding: .05rem .6rem; }
.who { color: var(--soft); font-size: .85rem; margin: .5rem 0 0; }
.said { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
"""
    + CHARTS
)
