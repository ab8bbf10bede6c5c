// Lines of a metric over a numeric parameter, drawn by uPlot.
'use strict';
const palette = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#7f7f7f'];
const paletteDark = ['#56b4e9', '#f0803c', '#3fc79a', '#e3a4c8', '#f0c04a', '#9ad2f5', '#b5b5b5'];
const markNames = ['●', '■', '◆', '▲']; // as drawMark draws them
const dashes = [[], [8, 4], [2, 3], [12, 3, 2, 3], [5, 2]];
const dashNames = ['──', '─ ─', '···', '─·─', '╌╌'];
const linesMost = 12;
let chart = null;

const isDark = () => document.documentElement.dataset.theme === 'dark';
const strokeOf = (index) => (isDark() ? paletteDark : palette)[index % palette.length];

function axisLook(label) {
  return {
    label,
    stroke: colour('text'),
    grid: { stroke: colour('line'), width: 1 },
    ticks: { stroke: colour('line') },
  };
}

// Marks that tell lines apart without colour: circle, square, diamond, triangle.
function drawMark(context, shape, x, y, size) {
  context.beginPath();
  if (shape === 0) context.arc(x, y, size, 0, 2 * Math.PI);
  else if (shape === 1) context.rect(x - size, y - size, 2 * size, 2 * size);
  else {
    const corners =
      shape === 2
        ? [
            [0, -1.4],
            [1.4, 0],
            [0, 1.4],
            [-1.4, 0],
          ]
        : [
            [0, -1.4],
            [1.3, 1],
            [-1.3, 1],
          ];
    corners.forEach(([dx, dy], at) =>
      context[at ? 'lineTo' : 'moveTo'](x + dx * size, y + dy * size),
    );
  }
  context.closePath();
  context.fill();
}

function markDrawer(plot, seriesIndex) {
  const context = plot.ctx;
  const ratio = devicePixelRatio || 1;
  const values = plot.data[seriesIndex];
  context.save();
  context.fillStyle = strokeOf(seriesIndex - 1);
  plot.data[0].forEach((x, at) => {
    if (
      values[at] !== null &&
      values[at] !== undefined &&
      x >= plot.scales.x.min &&
      x <= plot.scales.x.max
    ) {
      drawMark(
        context,
        (seriesIndex - 1) % 4,
        plot.valToPos(x, 'x', true),
        plot.valToPos(values[at], 'y', true),
        3.5 * ratio,
      );
    }
  });
  context.restore();
  return false;
}

function numericAxes() {
  const values = new Map();
  for (const point of data.points) {
    for (const [name, value] of Object.entries(point.x)) {
      if (!values.has(name)) values.set(name, new Set());
      values.get(name).add(value);
    }
  }
  return [...values.entries()]
    .filter(([, set]) => set.size > 1)
    .sort((a, b) => b[1].size - a[1].size)
    .map(([name]) => name);
}

// One line for each combination of the other parameters.
function linesOver(axis, metric) {
  const lines = new Map();
  for (const point of visiblePoints()) {
    const value = point.m[metric.name]?.[0];
    if (point.x[axis] === undefined || value === undefined) continue;
    const others = Object.entries(point.p)
      .filter(([name, own]) => name !== axis && own !== '')
      .map(([name, own]) => `${name}=${own}`);
    if (data.batches.length > 1) others.unshift(scenarioName(point));
    const label = others.join(', ') || metricTitle(metric);
    if (!lines.has(label)) lines.set(label, new Map());
    lines.get(label).set(point.x[axis], value);
  }
  return lines;
}

// What was swept is what stands on the axis, as it was written (10kB, 5ms), where there is room.
function valuesWritten(axis) {
  const written = new Map();
  for (const point of data.points) {
    if (point.x[axis] !== undefined && !written.has(point.x[axis]))
      written.set(point.x[axis], point.p[axis]);
  }
  return written;
}

function ticksOf(xs, logarithmic) {
  const place = (x) => (logarithmic ? Math.log(x) : x);
  const apart = (place(xs[xs.length - 1]) - place(xs[0])) / 15;
  return xs.reduce(
    (kept, x) =>
      kept.length && place(x) - place(kept[kept.length - 1]) < apart ? kept : [...kept, x],
    [],
  );
}

function drawChart() {
  const host = byId('chart');
  chart?.destroy();
  chart = null;
  host.replaceChildren();
  const axis = byId('chart-axis').value;
  const metric = data.metrics.find((one) => one.name === byId('chart-metric').value);
  const lines = linesOver(axis, metric);
  const shown = [...lines.entries()].slice(0, linesMost);
  if (shown.length === 0) {
    host.append(element('p', {}, 'No setting that is shown has these numbers.'));
    return;
  }
  const xs = [...new Set(shown.flatMap(([, line]) => [...line.keys()]))].sort((a, b) => a - b);
  const largest = Math.max(...shown.flatMap(([, line]) => [...line.values()].map(Math.abs)));
  const [scale, unit] = scaleOf(metric.unit, largest);
  const logarithmic = xs.length > 3 && xs[0] > 0 && xs[xs.length - 1] / xs[0] >= 16;
  const written = valuesWritten(axis);
  const ticks = ticksOf(xs, logarithmic);
  const series = shown.map(([label], index) => ({
    label: `${markNames[index % 4]} ${label}`,
    stroke: () => strokeOf(index),
    width: 2,
    dash: dashes[index % dashes.length],
    spanGaps: true,
    points: { show: markDrawer },
    value: (_, value) => isNothing(value) ? '–' : `${digits(value)} ${unit}`,
  }));
  chart = new uPlot(
    {
      width: host.clientWidth,
      height: 380,
      cursor: { drag: { x: true, y: false } },
      scales: {
        x: { time: false, distr: logarithmic ? 3 : 1, log: 2 },
        y: { range: (_, low, high) => [Math.min(0, low), high * 1.05 || 1] },
      },
      axes: [
        {
          ...axisLook(axis),
          splits: (_, index, low, high) => ticks.filter((x) => x >= low && x <= high),
          values: (_, splits) => splits.map((x) => written.get(x) ?? ''),
        },
        { ...axisLook(`${metricTitle(metric)}${unit ? ` (${unit})` : ''}`), size: 70 },
      ],
      series: [
        {
          label: axis,
          value: (_, value) => (isNothing(value) ? '–' : (written.get(value) ?? String(value))),
        },
        ...series,
      ],
    },
    [xs, ...shown.map(([, line]) => xs.map((x) => (line.has(x) ? line.get(x) / scale : null)))],
    host,
  );
  if (lines.size > shown.length) {
    host.append(
      element(
        'p',
        { class: 'hint' },
        `The first ${shown.length} of ${lines.size} lines; choose values above to see others.`,
      ),
    );
  }
  host.querySelector('.uplot').setAttribute('role', 'img');
  host
    .querySelector('.uplot')
    .setAttribute(
      'aria-label',
      `${metricTitle(metric)} over ${axis}: ${shown.length} lines, ${xs.length} values`,
    );
}

function buildChart() {
  const axes = numericAxes();
  const metrics = data.metrics.filter((metric) =>
    data.points.some((point) => point.m[metric.name]),
  );
  if (axes.length === 0 || metrics.length === 0) return;
  byId('chart-section').hidden = false;
  byId('chart-controls').append(
    select(
      'over',
      'chart-axis',
      axes.map((name) => [name, name]),
      drawChart,
    ),
    select(
      'metric',
      'chart-metric',
      metrics.map((metric) => [metric.name, metricTitle(metric)]),
      drawChart,
    ),
  );
  if (metrics.some((metric) => metric.name === 'makespan')) byId('chart-metric').value = 'makespan';
  drawChart();
  listeners.push(drawChart);
  themeListeners.push(drawChart);
}

addEventListener('resize', () => {
  const host = byId('chart');
  if (chart && host.clientWidth) chart.setSize({ width: host.clientWidth, height: 380 });
});
