// The report's style. Colours are named by what they mean, once for light and once for dark; each has a contrast of 3 or more with its
// ground, and texts of 4.5 or more.
export const STYLE = `
:root {
  --ground: #ffffff; --panel: #f5f6f8; --line: #dfe2e7; --grid: #eceef1; --text: #1b1f26; --dim: #5b6472;
  --idle: #8fb0ea; --working: #2f6bd8; --waiting: #c98a00; --folding: #8a46d8; --folded: #1a8a4b;
  --kept: #c2500a; --gone: #c42b2b; --discarded: #737b88; --direct: #2f6bd8; --hover: #e8effc; --chip: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171c; --panel: #1c2027; --line: #343a45; --grid: #242932; --text: #e8ebf0; --dim: #a0a9b8;
    --idle: #456aa8; --working: #6ea2ff; --waiting: #e6b23c; --folding: #bb8cff; --folded: #46c37f;
    --kept: #f08a4b; --gone: #f26d6d; --discarded: #8c95a4; --direct: #6ea2ff; --hover: #222b3b; --chip: #14171c;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 14px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
main { max-width: 1600px; margin: 0 auto; padding: 20px 24px 48px; }
h1 { font-size: 20px; margin: 0; font-weight: 650; overflow-wrap: anywhere; }
h2 { font-size: 14px; margin: 28px 0 6px; font-weight: 650; }
.sub { color: var(--dim); margin: 2px 0 14px; }
.bar { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 12px 0 8px; }
.bar input[type=search], .bar select {
  font: inherit; color: inherit; background: var(--chip); border: 1px solid var(--line); border-radius: 6px; padding: 4px 8px;
}
.bar input[type=search] { width: 260px; max-width: 100%; }
.chip {
  font: inherit; display: inline-flex; align-items: center; gap: 6px; padding: 3px 10px 3px 8px; cursor: pointer; color: var(--text);
  background: var(--chip); border: 1px solid var(--line); border-radius: 999px; font-variant-numeric: tabular-nums;
}
.chip[aria-pressed=false] { color: var(--dim); background: transparent; border-style: dashed; }
.chip[aria-pressed=false] i { opacity: .3; }
.chip i, .legend i { width: 10px; height: 10px; border-radius: 3px; display: inline-block; }
.chip:hover { border-color: var(--dim); }
:focus-visible { outline: 2px solid var(--working); outline-offset: 1px; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; color: var(--dim); font-size: 12px; margin: 2px 0 8px; }
.legend span { display: inline-flex; align-items: center; gap: 6px; }
#overview { margin-bottom: 14px; }
.legend .count { margin-left: auto; font-size: 14px; font-variant-numeric: tabular-nums; }
.legend i { width: 18px; height: 8px; border-radius: 2px; }
.legend i.left { height: 0; border-top: 2px dashed var(--kept); border-radius: 0; background: none; }
.axis-top { position: sticky; top: 0; background: var(--ground); z-index: 2; border-bottom: 1px solid var(--line); }
svg { display: block; overflow: hidden; }
svg text { fill: var(--text); font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
.axis text { fill: var(--dim); font-size: 11px; font-variant-numeric: tabular-nums; }
.axis path, .axis line { stroke: var(--line); fill: none; }
.grid line { stroke: var(--grid); }
.lane .back { fill: transparent; }
.lane.on .back { fill: var(--hover); }
#commits .mark { opacity: .6; }
.idle { fill: var(--idle); background: var(--idle); } .working { fill: var(--working); background: var(--working); }
.waiting { fill: var(--waiting); background: var(--waiting); } .folding { fill: var(--folding); background: var(--folding); }
.folded { fill: var(--folded); background: var(--folded); } .kept { fill: var(--kept); background: var(--kept); }
.gone { fill: var(--gone); background: var(--gone); } .discarded { fill: var(--discarded); background: var(--discarded); }
.unreadable { fill: var(--gone); background: var(--gone); } .held { fill: var(--working); background: var(--working); }
.released { fill: var(--working); background: var(--working); } .expired { fill: var(--gone); background: var(--gone); }
.direct { fill: var(--direct); background: var(--direct); }
line.left { stroke-width: 2; stroke-dasharray: 4 3; } line.left.kept { stroke: var(--kept); } line.left.gone { stroke: var(--gone); }
.load { fill: var(--working); opacity: .28; } .load-line { fill: none; stroke: var(--working); stroke-width: 1.2; }
.brush .selection { fill: var(--working); fill-opacity: .18; stroke: var(--working); }
.cross { stroke: var(--dim); stroke-width: 1; pointer-events: none; }
.empty { color: var(--dim); padding: 24px 0; }
#tip {
  position: fixed; z-index: 5; pointer-events: none; max-width: 420px; padding: 8px 11px; border-radius: 8px; font-size: 12.5px;
  background: var(--panel); border: 1px solid var(--line); box-shadow: 0 4px 16px rgb(0 0 0 / .18);
}
#tip[hidden] { display: none; }
#tip b { overflow-wrap: anywhere; } #tip b i { width: 9px; height: 9px; border-radius: 3px; display: inline-block; margin-right: 6px; }
#tip dl { display: grid; grid-template-columns: auto 1fr; gap: 0 12px; margin: 4px 0 0; }
#tip dt { color: var(--dim); } #tip dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
@media print { .axis-top { position: static; } .bar { display: none; } }
`
