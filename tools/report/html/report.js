// Reads the page's data, and holds what all parts share: numbers as text, filters, tables.
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const byId = (id) => document.getElementById(id);
const isNothing = (value) => value === null || value === undefined;
const listeners = []; // called when filters change
const themeListeners = [];

function element(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === 'class') node.className = value;
    else if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, '');
    else if (value !== false && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

const colour = (name) =>
  getComputedStyle(document.documentElement)
    .getPropertyValue('--' + name)
    .trim();

// Three digits, as in the program's own output.
function digits(value) {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(2);
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(size))));
}

const scales = {
  ns: [
    [1e9, 's'],
    [1e6, 'ms'],
    [1e3, 'µs'],
    [1, 'ns'],
  ],
  B: [
    [2 ** 30, 'GiB'],
    [2 ** 20, 'MiB'],
    [2 ** 10, 'KiB'],
    [1, 'B'],
  ],
  1: [[0.01, '%']],
  '1/s': [[1, '/s']],
};

function scaleOf(unit, largest) {
  const known = scales[unit] || [[1, '']];
  return known.find(([scale]) => Math.abs(largest) >= scale) || known[known.length - 1];
}

function human(value, unit) {
  if (isNothing(value)) return '–';
  const [scale, name] = scaleOf(unit, value);
  return digits(value / scale) + (name ? ' ' + name : '');
}

// Tables ---------------------------------------------------------------------------------------

// columns: {title, text: bool, value(row), show(row)}; value is what rows are sorted by.
function sortableTable(host, caption, columns, rows, options = {}) {
  let order = options.order || { column: -1, down: false };
  const body = element('tbody');
  const heads = columns.map((column, index) => {
    const button = element(
      'button',
      { type: 'button', onclick: () => sortBy(index) },
      column.title,
    );
    return element('th', { scope: 'col', class: column.text ? 'text' : '' }, button);
  });
  function compare(a, b) {
    if (a === null || a === undefined) return b === null || b === undefined ? 0 : 1;
    if (b === null || b === undefined) return -1;
    if (typeof a === 'number' && typeof b === 'number') return order.down ? b - a : a - b;
    const text = String(a).localeCompare(String(b), 'en', { numeric: true });
    return order.down ? -text : text;
  }
  function sortBy(index) {
    order = { column: index, down: order.column === index && !order.down };
    fill();
  }
  function fill() {
    const sorted =
      order.column < 0
        ? rows
        : [...rows].sort((a, b) =>
            compare(columns[order.column].value(a), columns[order.column].value(b)),
          );
    heads.forEach((head, index) => {
      const here = index === order.column;
      head.setAttribute('aria-sort', here ? (order.down ? 'descending' : 'ascending') : 'none');
      const arrow = order.down ? ' ▼' : ' ▲';
      head.firstChild.textContent = columns[index].title + (here ? arrow : '');
    });
    const shown = sorted
      .slice(0, options.most || 2000)
      .map((row) =>
        element(
          'tr',
          { class: options.best && options.best(row) ? 'best' : '' },
          ...columns.map((column) =>
            element(
              'td',
              { class: (column.text ? 'text' : '') + (column.wide ? ' wide' : '') },
              column.show ? column.show(row) : String(column.value(row) ?? '–'),
            ),
          ),
        ),
      );
    body.replaceChildren(...shown);
  }
  const table = element(
    'table',
    {},
    element('caption', {}, caption),
    element('thead', {}, element('tr', {}, ...heads)),
    body,
  );
  host.replaceChildren(table);
  fill();
}

function select(label, id, choices, onchange) {
  const box = element('select', { id, onchange });
  for (const [value, text] of choices) box.append(element('option', { value }, text));
  return element('label', { for: id }, label, box);
}

// Filters --------------------------------------------------------------------------------------

const chosen = new Map(); // parameter -> value; none: all

function parameterNames() {
  const names = new Map();
  for (const point of data.points) {
    for (const [name, value] of Object.entries(point.p)) {
      if (!names.has(name)) names.set(name, new Set());
      names.get(name).add(value);
    }
  }
  return names;
}

const scenarioName = (point) => data.batches[point.b].scenario;

function visiblePoints() {
  return data.points.filter((point) => {
    for (const [name, value] of chosen) {
      const own = name === '(scenario)' ? String(point.b) : point.p[name];
      if (own !== value) return false;
    }
    return true;
  });
}

function choose(name, value) {
  if (value === '(all)') chosen.delete(name);
  else chosen.set(name, value);
  const count = visiblePoints().length;
  byId('filter-count').textContent =
    count === data.points.length
      ? `All ${count} settings are shown.`
      : `${count} of ${data.points.length} settings are shown.`;
  for (const listener of listeners) listener();
}

function buildFilters() {
  const form = byId('filter-form');
  form.addEventListener('submit', (event) => event.preventDefault());
  const add = (name, label, choices) =>
    form.append(
      select(label, 'filter-' + label, [['(all)', 'all'], ...choices], (event) =>
        choose(name, event.target.value),
      ),
    );
  if (data.batches.length > 1) {
    add(
      '(scenario)',
      'scenario',
      data.batches.map((batch, index) => [
        String(index),
        `${batch.scenario} (batch ${batch.batch})`,
      ]),
    );
  }
  for (const [name, values] of parameterNames()) {
    if (values.size < 2 && data.batches.length < 2) continue;
    const sorted = [...values].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    if (sorted.length <= 200)
      add(
        name,
        name,
        sorted.map((value) => [value, value || 'base']),
      );
  }
  form.append(
    element(
      'button',
      {
        type: 'button',
        id: 'filter-reset',
        onclick: () => {
          chosen.clear();
          for (const box of form.querySelectorAll('select')) box.value = '(all)';
          choose('', '(all)');
        },
      },
      'Show all',
    ),
  );
  byId('filters').hidden = data.points.length < 2;
  choose('', '(all)');
}

// Tables of the page ---------------------------------------------------------------------------

const metricTitle = (metric) => metric.name.replaceAll('_', ' ');
const shownMetrics = () => data.metrics.filter((metric) => metric.main);
const lessIsBetter = (name) => !/^(throughput|tasks_done|cpu_utilization)/.test(name);

function drawPoints() {
  const names = [...parameterNames().entries()]
    .filter(([, values]) => values.size > 1)
    .map(([name]) => name);
  const points = visiblePoints();
  const columns = [];
  if (data.batches.length > 1) {
    columns.push({ title: 'scenario', text: true, value: scenarioName });
  }
  for (const name of names) {
    columns.push({
      title: name,
      text: true,
      value: (point) => point.x[name] ?? point.p[name],
      show: (point) => point.p[name] ?? '–',
    });
  }
  columns.push({ title: 'runs', value: (point) => point.n });
  for (const metric of shownMetrics()) {
    const at = metric.name;
    columns.push({
      title: metricTitle(metric),
      value: (point) => point.m[at]?.[0] ?? null,
      show: (point) => {
        const value = point.m[at];
        if (!value) return '–';
        const half = value.length > 1 ? (value[2] - value[1]) / 2 : 0;
        return human(value[0], metric.unit) + (half > 0 ? ` ± ${human(half, metric.unit)}` : '');
      },
    });
  }
  const best = data.batches.map((_, batch) =>
    Math.min(
      ...points
        .filter((point) => point.b === batch)
        .map((point) => point.m.makespan?.[0] ?? Infinity),
    ),
  );
  const several = data.batches.map(
    (_, batch) => points.filter((point) => point.b === batch).length > 1,
  );
  sortableTable(
    byId('table'),
    'Means with 95 % intervals; the fastest setting is bold.',
    columns,
    points,
    { best: (point) => several[point.b] && point.m.makespan?.[0] === best[point.b] },
  );
  byId('table-section').hidden = data.points.length === 0;
}

function percent(value) {
  return value === null ? '–' : (value > 0 ? '+' : '') + (100 * value).toFixed(1) + ' %';
}

function drawErrors() {
  if (data.errors.length === 0) return;
  const cell = (index) => ({
    value: (row) => row[index],
    show: (row) => human(row[index], row[4]),
  });
  const share = (title, index) => ({
    title,
    value: (row) => (row[index] === null ? null : Math.abs(row[index])),
    show: (row) => percent(row[index]),
  });
  sortableTable(
    byId('errors'),
    "error: given each run's speed index; raw: nothing given; null: work divided by CPUs.",
    [
      { title: 'scenario', text: true, value: (row) => row[0] },
      { title: 'parameters', text: true, value: (row) => row[1] },
      { title: 'metric', text: true, value: (row) => row[2] + (row[3] ? `[${row[3]}]` : '') },
      { title: 'predicted', ...cell(5) },
      { title: 'measured', ...cell(8) },
      share('error', 9),
      share('raw', 10),
      share('null', 11),
      {
        title: 'inside interval',
        value: (row) => row[12],
        show: (row) => (row[12] === null ? '–' : row[12] ? 'yes' : 'no'),
      },
    ],
    data.errors,
  );
  byId('error-section').hidden = false;
}

function drawDoubts() {
  byId('doubts').append(
    ...data.warnings.map(([text, points]) =>
      element('li', {}, `${text} (${points} of ${data.points.length} settings)`),
    ),
  );
  byId('doubt-section').hidden = data.warnings.length === 0;
}

function drawOrigin() {
  sortableTable(
    byId('origin'),
    'The newest batch of each scenario; older ones are not shown.',
    [
      { title: 'batch', value: (row) => row.batch },
      { title: 'scenario', text: true, value: (row) => row.scenario },
      { title: 'command', text: true, wide: true, value: (row) => row.command },
      { title: 'runs', value: (row) => row.runs },
      { title: 'failed', value: (row) => row.failed },
      { title: 'version', text: true, value: (row) => row.version },
      { title: 'host', text: true, value: (row) => row.host },
      { title: 'started (UTC)', text: true, value: (row) => row.started },
    ],
    data.batches,
  );
  byId('origin-section').hidden = data.batches.length === 0;
}

// Light and dark -------------------------------------------------------------------------------

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  byId('theme').textContent = dark ? 'Light' : 'Dark';
  byId('theme').setAttribute('aria-pressed', String(dark));
  for (const listener of themeListeners) listener();
}
byId('theme').addEventListener('click', () =>
  setTheme(document.documentElement.dataset.theme !== 'dark'),
);
setTheme(matchMedia('(prefers-color-scheme: dark)').matches);
