// The zoomable Gantt of a stored run on a canvas, and the lines over time below it.
'use strict';
const stateNames = ['running', 'ready, no CPU free', 'blocked', 'waits for the GIL'];
const busyNames = ['alone on its core', 'beside a busy sibling', 'time-shared: others wait for it'];
// States of threads, then how CPUs are busy, which counts on behind them.
const stateColours = ['running', 'ready', 'blocked', 'gil', 'alone', 'sibling', 'shared'];
const firstBusy = stateNames.length;
const nameOf = (state) => (state < firstBusy ? stateNames[state] : busyNames[state - firstBusy]);
const rowHeight = 20;
const axisHeight = 26;
const view = { run: null, from: 0, to: 1, rows: [], canvas: null, drag: null, selected: -1 };
let lineChart = null;

const labelWidth = () => Math.min(170, view.canvas.clientWidth * 0.28);
const timeAt = (x) =>
  view.from +
  ((x - labelWidth()) / (view.canvas.clientWidth - labelWidth())) * (view.to - view.from);

function unpackBusy(run) {
  let start = run.first;
  return run.busy.map(([cpu, later, length, state]) => {
    start += later;
    return { cpu, start, end: start + length, state: firstBusy + state };
  });
}

function unpack(run) {
  if (run.rows) return;
  let start = run.first;
  run.spans = run.slices.map(([thread, cpu, later, length, state]) => {
    start += later;
    return { thread, cpu, start, end: start + length, state };
  });
  run.end = Math.max(...run.spans.map((span) => span.end));
  run.begin = Math.min(...run.spans.map((span) => span.start));
  const cpus = [...new Set(run.spans.filter((span) => span.cpu >= 0).map((span) => span.cpu))].sort(
    (a, b) => a - b,
  );
  const busy = unpackBusy(run);
  run.shares = busy.some((span) => span.state > firstBusy);
  run.rows = [];
  for (const cpu of cpus) {
    run.rows.push({
      label: `CPU ${cpu}`,
      cpu,
      spans: run.spans.filter((span) => span.cpu === cpu && span.state === 0),
    });
    if (run.shares) {
      run.rows.push({
        label: `CPU ${cpu}: how busy`,
        spans: busy.filter((span) => span.cpu === cpu),
      });
    }
  }
  run.threads.forEach((label, thread) =>
    run.rows.push({ label, thread, spans: run.spans.filter((span) => span.thread === thread) }),
  );
  run.cpus = cpus.length;
}

function hatch(context, state, x, y, width, height) {
  if (state === 0 || state === 2 || state === firstBusy || width < 3) return;
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = context.fillStyle = colour('stripe');
  context.lineWidth = 1;
  context.beginPath();
  const first = Math.floor(x / 6) * 6;
  if (state === 3) {
    for (let at = first - height; at < x + width; at += 6) {
      context.moveTo(at, y + height);
      context.lineTo(at + height, y);
    }
    context.stroke();
  } else if (state === firstBusy + 1) {
    for (let at = first; at < x + width; at += 6) {
      context.moveTo(at + 0.5, y);
      context.lineTo(at + 0.5, y + height);
    }
    context.stroke();
  } else if (state === firstBusy + 2) {
    for (let at = y + 3; at < y + height; at += 4) context.fillRect(x, at, width, 1);
  } else {
    for (let at = first; at < x + width; at += 6) context.fillRect(at, y + height / 2 - 1, 2, 2);
  }
  context.restore();
}

function roundStep(span) {
  const power = 10 ** Math.floor(Math.log10(span / 8));
  return (
    [1, 2, 5, 10].map((factor) => factor * power).find((step) => span / step <= 9) || 10 * power
  );
}

function drawAxis(context, width, height) {
  const left = labelWidth();
  const [scale, unit] = scaleOf('ns', Math.max(Math.abs(view.from), Math.abs(view.to)));
  const step = roundStep(view.to - view.from);
  const decimals = Math.max(0, Math.ceil(-Math.log10(step / scale)));
  context.fillStyle = colour('text');
  context.strokeStyle = colour('line');
  context.textAlign = 'center';
  for (let time = Math.ceil(view.from / step) * step; time <= view.to; time += step) {
    const x = left + ((time - view.from) / (view.to - view.from)) * (width - left);
    context.beginPath();
    context.moveTo(x + 0.5, 0);
    context.lineTo(x + 0.5, height - axisHeight + 4);
    context.stroke();
    if (x > left + 15 && x < width - 25) {
      context.fillText(`${(time / scale).toFixed(Math.min(decimals, 9))} ${unit}`, x, height - 8);
    }
  }
  context.textAlign = 'left';
}

// Spans narrower than a pixel are merged: the state that filled most of the pixel is drawn.
function drawRow(context, row, y, width) {
  const left = labelWidth();
  const perPixel = (view.to - view.from) / (width - left);
  let pixel = -1;
  let most = 0;
  const place = (time) => left + (time - view.from) / perPixel;
  for (const span of row.spans) {
    if (span.end <= view.from || span.start >= view.to) continue;
    const x = Math.max(left, place(span.start));
    const end = Math.min(width, place(span.end));
    if (end - x < 1) {
      if (Math.floor(x) === pixel && end - x <= most) continue;
      pixel = Math.floor(x);
      most = end - x;
      context.fillStyle = colourCache[span.state];
      context.fillRect(Math.floor(x), y + 2, 1, rowHeight - 4);
      continue;
    }
    context.fillStyle = colourCache[span.state];
    context.fillRect(x, y + 2, end - x, rowHeight - 4);
    hatch(context, span.state, x, y + 2, end - x, rowHeight - 4);
    if (row.cpu !== undefined) {
      const name = view.run.threads[span.thread];
      if (context.measureText(name).width + 6 < end - x) {
        context.fillStyle = isDark() ? '#000' : '#fff';
        context.fillText(name, x + 3, y + rowHeight - 6);
      }
    }
  }
}

let colourCache = [];

function drawGantt() {
  const canvas = view.canvas;
  const width = byId('gantt').clientWidth;
  const height = view.rows.length * rowHeight + axisHeight;
  const ratio = devicePixelRatio || 1;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  colourCache = stateColours.map(colour);
  const context = canvas.getContext('2d');
  context.scale(ratio, ratio);
  context.font = '12px system-ui, sans-serif';
  context.fillStyle = colour('ground');
  context.fillRect(0, 0, width, height);
  drawAxis(context, width, height);
  view.rows.forEach((row, index) => {
    const y = index * rowHeight;
    drawRow(context, row, y, width);
    context.fillStyle = colour('ground');
    context.fillRect(0, y, labelWidth() - 2, rowHeight);
    context.fillStyle = colour('text');
    context.fillText(
      row.label.length > 24 ? row.label.slice(0, 23) + '…' : row.label,
      4,
      y + rowHeight - 6,
    );
  });
  if (view.drag) {
    context.fillStyle = colour('accent') + '44';
    context.fillRect(
      Math.min(view.drag.x, view.drag.now),
      0,
      Math.abs(view.drag.now - view.drag.x),
      height - axisHeight,
    );
  }
  canvas.dataset.from = view.from;
  canvas.dataset.to = view.to;
}

function zoomTo(from, to) {
  const { begin, end } = view.run;
  const width = Math.min(Math.max(to - from, 10), end - begin);
  view.from = Math.min(Math.max(from, begin), end - width);
  view.to = view.from + width;
  drawGantt();
  drawLines();
}

function zoomBy(factor, at = (view.from + view.to) / 2) {
  zoomTo(at - (at - view.from) * factor, at + (view.to - at) * factor);
}

const move = (share) =>
  zoomTo(view.from + share * (view.to - view.from), view.to + share * (view.to - view.from));

function describe(event) {
  const box = view.canvas.getBoundingClientRect();
  const row = view.rows[Math.floor((event.clientY - box.top) / rowHeight)];
  const time = timeAt(event.clientX - box.left);
  const span = row?.spans.find((one) => one.start <= time && time < one.end);
  const place = span?.cpu >= 0 ? ` on CPU ${span.cpu}, ` : ', ';
  byId('gantt-tip').textContent = span
    ? (span.thread === undefined
        ? `CPU ${span.cpu}: ${nameOf(span.state)}, `
        : `${view.run.threads[span.thread]}: ${nameOf(span.state)}${place}`) +
      `${human(span.end - span.start, 'ns')} from ${human(span.start, 'ns')} on`
    : '';
}

function addMouse(canvas) {
  const x = (event) => event.clientX - canvas.getBoundingClientRect().left;
  canvas.addEventListener('pointerdown', (event) => {
    view.drag = { x: x(event), now: x(event) };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    describe(event);
    if (!view.drag) return;
    view.drag.now = x(event);
    drawGantt();
  });
  canvas.addEventListener('pointerup', () => {
    const drag = view.drag;
    view.drag = null;
    if (drag && Math.abs(drag.now - drag.x) > 4) {
      zoomTo(timeAt(Math.min(drag.x, drag.now)), timeAt(Math.max(drag.x, drag.now)));
    } else {
      drawGantt();
    }
  });
  canvas.addEventListener('pointercancel', () => {
    view.drag = null;
    drawGantt();
  });
  canvas.addEventListener('dblclick', () => zoomTo(view.run.begin, view.run.end));
  canvas.addEventListener(
    'wheel',
    (event) => {
      if (!event.ctrlKey) return; // the page scrolls as ever
      event.preventDefault();
      zoomBy(event.deltaY > 0 ? 1.25 : 0.8, timeAt(x(event)));
    },
    { passive: false },
  );
}

const keys = {
  '+': () => zoomBy(0.5),
  '=': () => zoomBy(0.5),
  '-': () => zoomBy(2),
  ArrowLeft: () => move(-0.25),
  ArrowRight: () => move(0.25),
  Home: () => zoomTo(view.run.begin, view.run.end),
};

// Threads in each state, averaged over each of 200 stretches of what is shown.
function counts(run, from, to) {
  const bins = 200;
  const sums = [0, 1, 2, 3].map(() => new Float64Array(bins));
  const width = (to - from) / bins;
  for (const span of run.spans) {
    const a = Math.max(span.start, from);
    const b = Math.min(span.end, to);
    for (let bin = Math.floor((a - from) / width); bin < bins && from + bin * width < b; ++bin) {
      const left = Math.max(a, from + bin * width);
      sums[span.state][bin] += Math.max(0, Math.min(b, from + (bin + 1) * width) - left) / width;
    }
  }
  return { times: Array.from({ length: bins }, (_, bin) => from + (bin + 0.5) * width), sums };
}

function drawLines() {
  const host = byId('lines');
  lineChart?.destroy();
  const { times, sums } = counts(view.run, view.from, view.to);
  const [scale, unit] = scaleOf('ns', Math.max(Math.abs(view.from), Math.abs(view.to)));
  const order = [0, 1, 3, 2];
  lineChart = new uPlot(
    {
      width: host.clientWidth,
      height: 220,
      cursor: { drag: { x: true, y: false, setScale: false } },
      scales: { x: { time: false }, y: { range: (_, low, high) => [0, high * 1.05 || 1] } },
      axes: [
        axisLook(`time since main's first step (${unit})`),
        { ...axisLook('threads'), size: 60 },
      ],
      series: [
        {
          label: `time (${unit})`,
          value: (_, value) => (isNothing(value) ? '–' : digits(value)),
        },
        ...order.map((state, index) => ({
          label: `${dashNames[index]} ${stateNames[state]}`,
          stroke: () => strokeOf(index),
          width: 1.5,
          dash: dashes[index],
          points: { show: false },
          value: (_, value) => (isNothing(value) ? '–' : value.toFixed(2)),
        })),
      ],
      hooks: {
        setSelect: [
          (plot) => {
            if (plot.select.width > 4) {
              zoomTo(
                plot.posToVal(plot.select.left, 'x') * scale,
                plot.posToVal(plot.select.left + plot.select.width, 'x') * scale,
              );
            }
          },
        ],
      },
    },
    [times.map((time) => time / scale), ...order.map((state) => [...sums[state]])],
    host,
  );
  host.querySelector('.uplot').setAttribute('role', 'img');
  host
    .querySelector('.uplot')
    .setAttribute('aria-label', 'Threads in each state over time; the table below has the sums');
}

const wholePercent = (part, total) => (total ? Math.round((100 * part) / total) : 0);

function drawShares(run) {
  const rows = run.threads.map((thread, index) => {
    const times = [0, 0, 0, 0];
    for (const span of run.spans)
      if (span.thread === index) times[span.state] += span.end - span.start;
    return { thread, times, total: times.reduce((a, b) => a + b, 0) };
  });
  sortableTable(
    byId('shares'),
    'The same as numbers: how long each thread was in each state.',
    [
      { title: 'thread', text: true, value: (row) => row.thread },
      ...stateNames.map((title, state) => ({
        title,
        value: (row) => row.times[state],
        show: (row) =>
          `${human(row.times[state], 'ns')} (${wholePercent(row.times[state], row.total)} %)`,
      })),
    ],
    rows,
  );
}

function showRun(index) {
  view.run = data.timelines[index];
  unpack(view.run);
  view.rows = view.run.rows;
  drawShares(view.run);
  drawLegend();
  zoomTo(view.run.begin, view.run.end);
}

function buildGantt() {
  if (data.timelines.length === 0) return;
  byId('gantt-section').hidden = false;
  const button = (text, label, action) =>
    element('button', { type: 'button', 'aria-label': label, onclick: action }, text);
  byId('gantt-controls').append(
    select(
      'run',
      'gantt-run',
      data.timelines.map((run, index) => [String(index), run.title]),
      (event) => showRun(Number(event.target.value)),
    ),
    button('+', 'zoom in', keys['+']),
    button('−', 'zoom out', keys['-']),
    button('◀', 'earlier', keys.ArrowLeft),
    button('▶', 'later', keys.ArrowRight),
    button('All', 'show the whole run', keys.Home),
  );
  view.canvas = element('canvas', { 'aria-hidden': 'true' });
  byId('gantt').append(view.canvas);
  addMouse(view.canvas);
  byId('gantt').addEventListener('keydown', (event) => {
    if (keys[event.key] && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      keys[event.key]();
    }
  });
  showRun(0);
  themeListeners.push(() => {
    drawLegend();
    drawGantt();
    drawLines();
  });
  addEventListener('resize', () => {
    drawGantt();
    drawLines();
  });
}

function drawLegend() {
  const shown = view.run.shares ? [...stateNames, ...busyNames] : stateNames;
  byId('gantt-legend').replaceChildren(
    ...shown.map((name, state) => {
      const swatch = element('canvas', { width: 28, height: 14, 'aria-hidden': 'true' });
      const context = swatch.getContext('2d');
      context.fillStyle = colour(stateColours[state]);
      context.fillRect(0, 0, 28, 14);
      hatch(context, state, 0, 0, 28, 14);
      return element('span', {}, swatch, name);
    }),
    ...(view.run.busy.length && !view.run.shares
      ? [element('span', {}, 'Every busy CPU was alone on its core, and nobody waited for one.')]
      : []),
  );
}

buildFilters();
drawPoints();
listeners.push(drawPoints);
drawErrors();
drawDoubts();
drawOrigin();
buildChart();
buildGantt();
document.documentElement.dataset.ready = 'yes';
