"""How the page of a data set looks, beside the style of all pages."""

from __future__ import annotations

from tuneful.core.chart import STYLE as CHARTS

STYLE = (
    """
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem;
  margin: 1.25rem 0 0; }
.tiles .card { padding: .75rem .9rem; }
.tiles b { display: block; font-size: 1.35rem; line-height: 1.25; overflow-wrap: anywhere;
  font-variant-numeric: tabular-nums; }
.tiles span { color: var(--aside); font-size: .85rem; display: block; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr));
  gap: .75rem; }
.charts h3 { margin-top: 0; }
.examples { display: grid; gap: .75rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
.examples header { display: flex; flex-wrap: wrap; gap: .4rem .6rem; align-items: baseline;
  color: var(--aside); font-size: .85rem; margin-bottom: .4rem; }
.aim { color: var(--ink); background: #8882; border-radius: 1rem; padding: .05rem .6rem; }
.who { color: var(--aside); font-size: .85rem; margin: .5rem 0 0; }
.said { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
"""
    + CHARTS
)
