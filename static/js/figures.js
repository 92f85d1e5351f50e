/* Numbers as the reader's language writes them. Amounts arrive as strings; for showing, and only
   for showing, they become numbers here. */
(() => {
  "use strict";
  const language = document.documentElement.lang || "en";
  const formats = new Map();

  function format(value, options) {
    const key = JSON.stringify(options);
    if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(language, options));
    return formats.get(key).format(value).replace("-", "\u2212");
  }
  const fixed = (digits) => ({ minimumFractionDigits: digits, maximumFractionDigits: digits });

  window.Cryonel = Object.assign(window.Cryonel || {}, {
    /** With so many decimals; what is not zero never reads as zero. */
    amount: (value, digits = 2) => {
      const number = Number(value);
      const hidden = number !== 0 && Math.abs(number) < 0.5 * 10 ** -digits;
      return format(number, hidden ? { maximumSignificantDigits: 2 } : fixed(digits));
    },
    size: (value) => format(Number(value), { maximumSignificantDigits: 6 }),
    /** A fraction as a percentage with its sign: "0.0012" -> "+0.120 %". */
    percent: (value, digits = 3, signed = true) =>
      `${format(Number(value) * 100, { ...fixed(digits), signDisplay: signed ? "exceptZero" : "auto" })}\u202f%`,
    age: (seconds) =>
      seconds < 10 ? `${format(seconds, fixed(1))}\u202fs` : seconds < 90 ? `${format(Math.round(seconds), fixed(0))}\u202fs` : `${format(Math.round(seconds / 60), fixed(0))}\u202fmin`,
    tone: (value) => (Number(value) > 0 ? "gain" : Number(value) < 0 ? "loss" : ""),
  });
})();
