"""How the page of the evidence looks: on a screen, light or dark, and on paper."""

from __future__ import annotations

__all__ = ["STYLE"]

# Colours come from the surrounding text, so that a notebook's own theme decides; a page brings its own.
STYLE = """
.lk-evidence{--line:color-mix(in srgb,currentColor 16%,transparent);
--dim:color-mix(in srgb,currentColor 68%,transparent);font:15px/1.45 system-ui,-apple-system,"Segoe UI",sans-serif;
text-align:left;max-width:1200px}
.lk-evidence *{box-sizing:border-box}
.lk-evidence h1{font-size:26px;line-height:1.2;font-weight:650;margin:0 0 4px}
.lk-evidence h2{font-size:17px;line-height:1.3;font-weight:650;margin:0 0 8px}
.lk-evidence p{margin:0}
.lk-evidence header p{font-size:17px;overflow-wrap:anywhere}
.lk-evidence section,.lk-evidence details,.lk-evidence footer{margin-top:24px}
.lk-evidence figure{margin:0;min-width:0}
.lk-evidence figcaption{font-size:13px;padding:0 0 4px;overflow-wrap:anywhere}
.lk-evidence img{display:block;width:100%;height:auto;margin:0}
.lk-evidence input{position:absolute;opacity:0;pointer-events:none}
.lk-evidence label{display:inline-block;padding:3px 12px;margin:0 6px 10px 0;border:1px solid var(--line);
border-radius:99px;font-size:13px;cursor:pointer;user-select:none}
.lk-evidence input:checked+label{background:#1b5e9e;border-color:#1b5e9e;color:#fff}
.lk-evidence input:focus-visible+label{outline:3px solid #e69f00;outline-offset:2px}
.lke-pair{display:grid;grid-template-columns:1fr 1fr;gap:16px;align-items:start}
.lke-pic{position:relative;width:fit-content}
.lke-pair img{width:auto;max-width:100%;max-height:560px}
.lke-pic svg{position:absolute;inset:0;width:100%;height:100%}
.lke-pic svg .lke-shade{fill:#000;fill-opacity:.5}
.lke-pic svg text{fill:#fff;stroke:none;font:600 11px system-ui,sans-serif;text-anchor:middle;
dominant-baseline:central}
.lke-both>.lke-outline:not(:checked)~.lke-pair svg .lke-outline,
.lke-both>.lke-shade:not(:checked)~.lke-pair svg .lke-shade,
.lke-both>.lke-details:not(:checked)~.lke-pair svg .lke-details{display:none}
.lke-views{display:grid;max-width:960px}
.lke-views figure{grid-area:1/1;visibility:hidden}
.lke-views img{width:auto;max-width:100%;max-height:90vh}
.lke-views figcaption{padding:6px 0 0}
.lke-close>.lke-there:checked~.lke-views .lke-there,.lke-close>.lke-laid:checked~.lke-views .lke-laid,
.lke-close>.lke-squares:checked~.lke-views .lke-squares,.lke-close>.lke-apart:checked~.lke-views .lke-apart,
.lke-close>.lke-blink:checked~.lke-views .lke-laid{visibility:visible}
.lke-close>.lke-blink:checked~.lke-views .lke-laid{animation:lke-first 1.6s step-end infinite}
.lke-close>.lke-blink:checked~.lke-views .lke-there{animation:lke-second 1.6s step-end infinite}
@keyframes lke-first{0%{visibility:visible}50%{visibility:hidden}}
@keyframes lke-second{0%{visibility:hidden}50%{visibility:visible}}
.lke-note,.lk-evidence footer{color:var(--dim);font-size:13px}
.lk-evidence table{border-collapse:collapse;width:100%;margin:0;font-size:14px;color:inherit;background:none}
.lk-evidence tr,.lk-evidence tr:nth-child(even){background:none}
.lk-evidence th,.lk-evidence td{border:0;border-top:1px solid var(--line);padding:5px 12px 5px 0;text-align:left;
vertical-align:top;overflow-wrap:anywhere;font-weight:400}
.lk-evidence th[scope=row]{color:var(--dim);width:200px;overflow-wrap:normal}
.lk-evidence th[scope=col]{font-weight:650}
.lke-files{table-layout:fixed}.lk-evidence .lke-files col:first-child{width:200px}
.lk-evidence ul{margin:0;padding-left:20px}
.lk-evidence summary{cursor:pointer;font-size:14px;margin-bottom:8px}
.lke-points{font-variant-numeric:tabular-nums;max-width:480px}
@media(max-width:560px){.lke-pair{grid-template-columns:1fr}
.lk-evidence th[scope=row],.lk-evidence .lke-files col:first-child{width:96px}}
@media(prefers-reduced-motion:reduce){.lke-close>.lke-blink:checked~.lke-views figure{animation:none!important}}
@page{size:A4;margin:12mm}
@media print{
.lk-evidence{font-size:10pt;max-width:none;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.lk-evidence label,.lke-note{display:none}
.lk-evidence section,.lk-evidence details,.lk-evidence footer{margin-top:4mm}
.lk-evidence figure,.lk-evidence tr,.lk-evidence li{break-inside:avoid}
.lke-pair img{max-height:88mm}
.lke-views{grid-template-columns:1fr 1fr;gap:4mm;max-width:none}
.lke-views figure{grid-area:auto;visibility:visible!important;animation:none!important}
.lke-views img{max-height:70mm}
}
"""
