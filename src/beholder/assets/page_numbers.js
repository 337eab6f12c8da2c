  // ---- numbers as text -----------------------------------------------------------------------------------------------

  const minus = (text) => text.replace("-", "\u2212");
  function isRating({kind}) { return kind === undefined; }
  // About 300 steps to a scale: 1 to 7 is read to 0.01, 0 to 100 to 0.1.
  const decimalsOf = (task) => task.decimals ?? Math.max(0, Math.ceil(-Math.log10((task.high - task.low) / 300)));
  const shown = (value, task) => value === null ? "unknown" : isRating(task) ? minus(value.toFixed(decimalsOf(task))) : short(value, task);
  // An amount has its sign on a scale that has both, and its unit.
  function short(value, task) {
    const text = value.toFixed(task.decimals);
    if (Number(text) === 0) return text.replace("-", "");
    return (value > 0 && task.low < 0 ? "+" : "") + minus(text);
  }
  const amount = (value, task) => value === null ? "unknown" : task.form.replace("{}", () => short(value, task));
  const plain = (value) => minus(String(Number(value.toPrecision(6))));
  const words = (task) => task.name.replaceAll("_", " ");
  const scaleOf = (task) => `${plain(task.low)}\u00a0to\u00a0${plain(task.high)}`;
  const many = (number, one) => `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;

  function signed(value, scale) {
    const digits = Math.min(6, Math.max(2, 1 - Math.floor(Math.log10(scale || 1))));
    return (value < 0 ? "\u2212" : "+") + Math.abs(value).toFixed(digits);
  }

  function percentileOf({percentile}) {
    if (percentile === null) return "";
    if (percentile < 1) return "below 1st percentile";
    const whole = Math.floor(percentile);
    const teens = whole % 100 > 10 && whole % 100 < 14;
    return `${whole}${teens ? "th" : ["th", "st", "nd", "rd"][whole % 10] ?? "th"} percentile`;
  }

  // ---- bars ----------------------------------------------------------------------------------------------------------

  const portion = (value, task) => Math.min(1, Math.max(0, (value - task.low) / (task.high - task.low)));

  function place(node, from, to) {
    node.style.left = `${100 * from}%`;
    node.style.width = `${100 * (to - from)}%`;
    return node;
  }

  // A scale that crosses zero is drawn from zero, any other from its low end.
  function bar(value, task) {
    const track = el("div", {className: "bar"});
    if (value === null) return track;
    const ends = [portion(task.neutral ?? Math.max(0, task.low), task), portion(value, task)];
    track.append(place(el("i"), Math.min(...ends), Math.max(...ends)));
    return track;
  }

  // The overall score as a dot, its interval as a band.
  function dotPlot(row) {
    const track = el("div", {className: "dot-plot"});
    const [low, high] = row.interval;
    if (low !== null && high !== null) {
      track.append(place(el("i", {className: "likely"}), portion(low, overall), portion(high, overall)));
    }
    if (row.values[0] !== null) {
      const dot = el("i", {className: "dot"});
      dot.style.left = `${100 * portion(row.values[0], overall)}%`;
      track.append(dot);
    }
    return track;
  }

  function scoreOf(row) {
    const [low, high] = row.interval;
    const parts = [
      el("div", {className: "score"},
        el("b", {textContent: shown(row.values[0], overall)}),
        el("span", {textContent: words(overall)}),
        el("span", {className: "percentile", textContent: percentileOf(row)})),
      dotPlot(row),
    ];
    if (low !== null && high !== null) {
      parts.push(el("div", {className: "interval", textContent: `90% interval ${shown(low, overall)} to ${shown(high, overall)}`}));
    }
    for (const task of others.filter(({kind}) => kind === "disagreement")) {
      parts.push(el("div", {className: "interval", textContent: `${words(task)} ${amount(valueOf(row, task), task)}`, title: task.description}));
    }
    return parts;
  }

  // ---- edits ---------------------------------------------------------------------------------------------------------

  const valueOf = (row, task) => row.values[tasks.indexOf(task)];

  function endsOf(row, task) {
    const [low, high] = row.ends?.[task.name] ?? [null, null];
    return low === null || high === null || valueOf(row, task) === null ? null : [low, high];
  }

  // An unedited picture lies outside the interval.
  function isClear(row, task) {
    const ends = endsOf(row, task);
    return ends !== null && (task.neutral < ends[0] || task.neutral > ends[1]);
  }

  const intervalText = ([low, high], task) => `${short(low, task)} to ${short(high, task)}`;

  // The interval as a band, the amount as a dot, no change as a line.
  function span(row, task) {
    const track = el("div", {className: "span"});
    const ends = endsOf(row, task);
    if (ends === null) return track;
    track.append(place(el("i"), portion(ends[0], task), portion(ends[1], task)));
    for (const [className, value] of [["neutral", task.neutral], ["dot", valueOf(row, task)]]) {
      const mark = el("i", {className});
      mark.style.left = `${100 * portion(value, task)}%`;
      track.append(mark);
    }
    return track;
  }
