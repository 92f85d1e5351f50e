/* Charts from JSON, drawn by Lightweight Charts (loaded before this file, on pages with charts).

   <div data-chart="/url/"> with .chart-canvas, [data-chart-note]; beside it [data-chart-summary].
   The URL answers {"series": [{"name", "type": "area"|"line"|"histogram"|"baseline",
   "data": [[seconds, "value" or null for a gap], ...], "unit"?, "digits"?, "tone"? (1-5), "scale"?: "left"}]}.
   Live: a DOM event "chart:append" on the element, detail {"series name": [[seconds, "value"], ...]},
   or a live channel in data-chart-channel whose frames carry the same under "points".
   A button [data-chart-range="URL"] beside it loads another range into [data-chart] of its panel. */
(() => {
  "use strict";
  const charts = new Map();
  const language = document.documentElement.lang || "en";

  // The library reads sRGB only; a canvas turns any CSS color, oklch too, into that.
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  function color(name, alpha = 1) {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = getComputedStyle(probe(name)).color;
    pixel.fillRect(0, 0, 1, 1);
    const [r, g, b] = pixel.getImageData(0, 0, 1, 1).data;
    return `rgba(${r}, ${g}, ${b}, ${alpha})`;
  }
  let prober = null;
  function probe(name) {
    if (!prober) {
      prober = document.createElement("span");
      prober.hidden = true;
      document.body.append(prober);
    }
    prober.style.color = `var(--${name})`;
    return prober;
  }

  function frame() {
    const line = color("line", 0.7);
    return {
      layout: {
        attributionLogo: false, // it would write an inline style; the footer names TradingView
        background: { color: "transparent" },
        textColor: color("quiet"),
        fontFamily: getComputedStyle(document.body).fontFamily,
        fontSize: 11,
      },
      grid: { vertLines: { visible: false }, horzLines: { color: line } },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.12, bottom: 0.1 } },
      leftPriceScale: { borderVisible: false },
      timeScale: { borderColor: line, timeVisible: true, secondsVisible: false, fixLeftEdge: true, fixRightEdge: true },
      crosshair: {
        vertLine: { color: color("line-strong"), labelBackgroundColor: color("line-strong") },
        horzLine: { color: color("line-strong"), labelBackgroundColor: color("line-strong") },
      },
      handleScroll: { vertTouchDrag: false },
      handleScale: { mouseWheel: false },
      localization: { locale: language },
    };
  }

  function look(series, index) {
    const tone = `chart-${series.tone || index + 1}`;
    const digits = series.digits ?? 2;
    const percent = series.unit === "%" ? "\u202f%" : ""; // other units stand in the legend
    const shared = {
      priceScaleId: series.scale === "left" ? "left" : "right",
      priceLineVisible: false,
      lastValueVisible: series.scale !== "left",
      priceFormat: {
        type: "custom",
        minMove: 10 ** -digits,
        formatter: (value) => window.Cryonel.amount(value, digits) + percent,
      },
    };
    if (series.type === "histogram") return { ...shared, color: color(tone, 0.75) };
    if (series.type === "line") return { ...shared, color: color(tone), lineWidth: 2 };
    if (series.type === "baseline") {
      const [up, down] = [color("gain"), color("loss")];
      return {
        ...shared, lineWidth: 2, baseValue: { type: "price", price: 0 }, topLineColor: up, bottomLineColor: down,
        topFillColor1: color("gain", 0.25), topFillColor2: color("gain", 0.02),
        bottomFillColor1: color("loss", 0.02), bottomFillColor2: color("loss", 0.25),
      };
    }
    return { ...shared, lineWidth: 2, lineColor: color(tone), topColor: color(tone, 0.28), bottomColor: color(tone, 0.01) };
  }
  const kinds = () => {
    const library = window.LightweightCharts;
    return { area: library.AreaSeries, line: library.LineSeries, histogram: library.HistogramSeries, baseline: library.BaselineSeries };
  };
  const points = (data) => data.map(([time, value]) => (value === null ? { time } : { time, value: Number(value) }));
  const known = (series) => series.data.filter((point) => point[1] !== null);

  function note(element, text) {
    const box = element.querySelector("[data-chart-note]");
    box.hidden = !text;
    box.textContent = text || "";
  }
  function summarize(element, all) {
    const target = element.parentElement.querySelector("[data-chart-summary]");
    if (!target) return;
    target.textContent = all
      .filter((series) => known(series).length)
      .map((series) => {
        const values = known(series).map((point) => Number(point[1]));
        const write = (value) => window.Cryonel.amount(value, series.digits ?? 2) + (series.unit ? ` ${series.unit}` : "");
        const facts = {
          name: series.name, first: write(values[0]), last: write(values[values.length - 1]),
          low: write(Math.min(...values)), high: write(Math.max(...values)),
        };
        return element.dataset.textSummary.replace(/\{(\w+)\}/g, (_, key) => facts[key]);
      })
      .join(" ");
  }

  function legend(element, all) {
    const box = element.parentElement.querySelector("[data-chart-legend]");
    if (!box) return;
    box.replaceChildren(
      ...all.map((series, index) => {
        const item = document.createElement("span");
        item.dataset.tone = series.type === "baseline" ? "2" : String(series.tone || index + 1);
        item.append(document.createElement("i"), series.unit ? `${series.name} (${series.unit})` : series.name);
        return item;
      }),
    );
  }

  function draw(element, all) {
    charts.get(element)?.chart.remove();
    charts.delete(element);
    summarize(element, all);
    legend(element, all);
    if (!all.some((series) => known(series).length)) return note(element, element.dataset.textEmpty);
    note(element, "");
    const chart = window.LightweightCharts.createChart(element.querySelector(".chart-canvas"), { ...frame(), autoSize: true });
    const roomy = element.clientWidth > 520; // on a phone one scale has to do
    chart.applyOptions({ leftPriceScale: { visible: roomy && all.some((series) => series.scale === "left") } });
    const drawn = new Map();
    all.forEach((series, index) => {
      const line = chart.addSeries(kinds()[series.type] || kinds().area, look(series, index));
      line.setData(points(series.data));
      drawn.set(series.name, { line, series, index });
    });
    chart.timeScale().fitContent();
    charts.set(element, { chart, drawn });
  }
  async function load(element) {
    try {
      const answer = await fetch(element.dataset.chart, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      draw(element, (await answer.json()).series || []);
    } catch {
      note(element, element.dataset.textFailed);
    }
  }
  function append(element, news) {
    const held = charts.get(element);
    if (!held || !news) return;
    for (const [name, data] of Object.entries(news)) {
      const entry = held.drawn.get(name);
      if (!entry) continue;
      for (const point of points(data)) {
        try {
          entry.line.update(point);
        } catch {
          // older than what is drawn: a late frame changes nothing
        }
      }
    }
  }

  function find(root = document) {
    for (const element of root.querySelectorAll("[data-chart]")) {
      if (element.dataset.chartReady) continue;
      element.dataset.chartReady = "1";
      element.addEventListener("chart:append", (event) => append(element, event.detail));
      const channel = element.dataset.chartChannel;
      if (channel) document.addEventListener(`live:${channel}`, (event) => append(element, event.detail?.points));
      load(element);
    }
  }
  document.addEventListener("DOMContentLoaded", () => find());
  document.addEventListener("htmx:after:swap", () => {
    for (const [element, held] of charts) {
      if (element.isConnected) continue;
      held.chart.remove();
      charts.delete(element);
    }
    find();
  });
  document.addEventListener("theme:changed", () => {
    for (const held of charts.values()) {
      held.chart.applyOptions(frame());
      for (const { line, series, index } of held.drawn.values()) line.applyOptions(look(series, index));
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-chart-range]");
    const element = button?.closest(".panel")?.querySelector("[data-chart]");
    if (!element) return;
    for (const other of button.parentElement.children) other.setAttribute("aria-pressed", String(other === button));
    element.dataset.chart = button.dataset.chartRange;
    load(element);
  });
})();
