// Copies the few third-party files that pages load into static/, and draws the icon sprite.
// What is copied is committed, so that nobody needs Node to run the product.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const modules = "node_modules";
for (const folder of ["vendor", "fonts", "img"]) mkdirSync(`static/${folder}`, { recursive: true });

// Source-map comments point at files we do not ship; the manifest storage would refuse them.
function vendor(from, to) {
  const text = readFileSync(`${modules}/${from}`, "utf8").replace(/^\/\/# sourceMappingURL=.*$/gm, "");
  writeFileSync(`static/vendor/${to}`, text.trimEnd() + "\n");
}
vendor("htmx.org/dist/htmx.min.js", "htmx.js");
vendor("lightweight-charts/dist/lightweight-charts.standalone.production.js", "lightweight-charts.js");

for (const part of ["latin", "latin-ext"]) {
  copyFileSync(
    `${modules}/@fontsource-variable/inter/files/inter-${part}-wght-normal.woff2`,
    `static/fonts/inter-${part}.woff2`,
  );
}

const icons = [
  "activity", "arrow-down", "arrow-left", "arrow-right", "arrow-right-left", "arrow-up", "badge-check", "bot",
  "chart-line", "check", "chevron-down", "chevron-left", "chevron-right", "chevron-up", "chevrons-up-down",
  "circle-alert", "circle-check", "circle-help", "circle-x", "clock", "copy", "download", "eye",
  "flask-conical", "gauge", "globe", "info", "key-round", "layout-dashboard", "link-2", "list", "lock",
  "ellipsis", "log-out", "menu", "monitor", "moon", "octagon-x", "pause", "pencil", "play", "plug-zap", "plus", "radio",
  "receipt-text", "refresh-cw", "scale", "search", "server", "settings", "shield", "shield-check",
  "sliders-horizontal", "square", "sun", "timer", "trash-2", "trending-up", "triangle-alert", "user", "wallet", "wifi",
  "wifi-off", "x", "zap",
];
const symbols = icons.map((name) => {
  const svg = readFileSync(`${modules}/lucide-static/icons/${name}.svg`, "utf8");
  const body = svg.replace(/<!--[\s\S]*?-->/g, "").replace(/<svg[\s\S]*?>/, "").replace("</svg>", "");
  return (
    `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" ` +
    `stroke-linecap="round" stroke-linejoin="round">${body.replace(/\s*\n\s*/g, "")}</symbol>`
  );
});
writeFileSync(
  "static/img/icons.svg",
  `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`,
);

const licences = [
  ["htmx 4.0.1", "htmx.org/LICENSE"],
  ["Lightweight Charts 5.2.1, (c) TradingView, Inc. https://www.tradingview.com/", "lightweight-charts/LICENSE"],
  ["Inter variable font", "@fontsource-variable/inter/LICENSE"],
  ["Lucide icons", "lucide-static/LICENSE"],
  ["Basecoat CSS 1.0.2", "basecoat-css/LICENSE.md"],
  ["Tailwind CSS 4.3.5", "tailwindcss/LICENSE"],
];
writeFileSync(
  "static/vendor/LICENSES.txt",
  licences
    .map(([title, path]) => `${"=".repeat(72)}\n${title}\n${"=".repeat(72)}\n\n${readFileSync(`${modules}/${path}`, "utf8").trim()}\n`)
    .join("\n"),
);
