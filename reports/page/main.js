// Puts the page together, and keeps address, filters, tables and dialog in step.

const THEME = "manylinux-lab-theme";
let state = readState();

if (typeof DecompressionStream === "undefined") {
  byId("loading").textContent =
    "This browser is too old to unpack the results; the summary and the benches are all it can show.";
  throw new Error("DecompressionStream is missing");
}
const data = indexed(await unpack(byId("data").textContent));
const axes = axesOf(data);
const finished = data.entries.detail.filter((number) => number >= 0).length;
const matrix = new Grid(byId("matrix"), (row, column) => {
  const [cell, on] = matrix.content.place(row, column);
  open({cell, pair: "", on});
});
const maps = [byId("pairs-0"), byId("pairs-1")].map(
  (table) =>
    new Grid(table, (row, column) => {
      const map = maps.find((one) => one.table === table);
      const [pair, on] = map.content.place(row, column);
      open({cell: "", pair, on});
    }),
);

// --- what is shown ---

function changed(isStep = true) {
  writeState(state, isStep);
  show();
}

function show() {
  const view = matrixView(data, kept(data, axes, state));
  showFilters(axes, state, changed);
  matrix.show(matrixContent(data, view));
  const found = `${plural(view.count, "cell")} of ${finished.toLocaleString("en")}`;
  const where = `${plural(view.rows.length, "wheel")}, ${plural(view.columns.length, "bench", "benches")}`;
  byId("shown").textContent = `${found}, ${where}`;
  byId("empty").hidden = data.rows.length > 0;
  byId("none").hidden = view.rows.length > 0 || data.rows.length === 0;
  matrix.scroller.hidden = view.rows.length === 0;
  showTogether();
  showOpen();
}

function showTogether() {
  const benches = pairBenches(data, state);
  const bench = benches.includes(state.bench) ? state.bench : benches[0];
  byId("together").hidden = data.together.pairs.length + data.together.crowds.length === 0;
  byId("bench").replaceChildren(
    ...benches.map((name) => make("option", {value: name, selected: name === bench}, name)),
  );
  byId("together-said").textContent = data.together.said[bench] ?? "No bench with pairs matches the filters.";
  const found = data.together.pairs.filter((pairs) => pairs.bench === bench);
  maps.forEach((map, number) => {
    const content = found[number] ? pairContent(data, found[number], state) : null;
    map.scroller.hidden = !content || content.rows === 0;
    if (content) map.show(content);
  });
  const lines = crowdList(data, bench, state, (pair, on) => open({cell: "", pair, on}));
  byId("crowds").replaceChildren(...lines);
  byId("crowds-title").hidden = lines.length === 0;
}

// --- the dialog ---

let shown = null; // the place whose evidence is on the screen, also where it came from the address

function open(place) {
  state.open = place;
  writeState(state);
  showOpen();
}

async function showOpen() {
  const {
    open: asked,
    open: {cell, pair, on},
  } = state;
  if (!cell && !pair) return byId("evidence").close();
  const told = pair ? await companyEvidence(data, pair, on) : await placeEvidence(data, cell, on);
  if (asked !== state.open) return; // the reader was quicker
  shown = asked;
  if (told) showDialog(told);
  else announce(`This run has no cell '${cell}' on '${on}'.`);
}

// The cell or the line of a place; where the filters took it away, what is left.
function focusOn({cell, pair, on}) {
  for (const grid of cell ? [matrix] : maps) {
    if (grid.scroller.hidden || !grid.content) continue;
    const place = grid.content.find(cell || pair, on);
    if (Math.min(...place) >= 0) return grid.go(...place);
  }
  const order = pair && byId("crowds").querySelector(`button[value="${CSS.escape(pair)}"]`);
  if (order) order.focus();
  else matrix.focus();
}

byId("evidence").addEventListener("close", () => {
  if (shown) focusOn(shown);
  if (!state.open.cell && !state.open.pair) return;
  state.open = {cell: "", pair: "", on: ""};
  writeState(state);
});
byId("evidence").addEventListener("click", (event) => {
  if (event.target === byId("evidence") || event.target.closest("[data-close]")) byId("evidence").close();
});

// --- controls ---

function press(name, values) {
  const isPressed = isOnly(state.axes[name], values);
  state.axes[name] = new Set(isPressed ? [] : values);
  changed();
}

byId("text").addEventListener("input", (event) => {
  state.text = event.target.value;
  changed(false);
});
byId("only-failures").addEventListener("click", () => press("verdict", ["fail"]));
byId("only-changes").addEventListener("click", () => press("change", kinds(axes)));
byId("only-changes").hidden = data.changes.length === 0;
byId("clear").addEventListener("click", () => clear(state, changed));
byId("bench").addEventListener("change", (event) => {
  state.bench = event.target.value;
  changed();
});
byId("copy-summary").addEventListener("click", (event) => copy(data.summary, event.currentTarget));
for (const event of ["popstate", "hashchange"]) {
  addEventListener(event, () => {
    const asked = readState();
    if (hashOf(asked) === hashOf(state)) return; // a step back is both events
    state = asked;
    show();
  });
}

// The address holds the state, so links to a part of the page must not replace it.
for (const link of document.querySelectorAll("a[data-part]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    const part = byId(link.dataset.part);
    if (part.tagName === "DETAILS") part.open = true;
    part.scrollIntoView();
    (part.querySelector("summary") ?? part).focus({preventScroll: true});
  });
}

// --- colours ---

function themed(theme) {
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function remembered() {
  try {
    return localStorage.getItem(THEME) ?? "";
  } catch {
    return ""; // a page may be denied a memory
  }
}

byId("theme").value = remembered();
byId("theme").addEventListener("change", (event) => {
  themed(event.target.value);
  try {
    localStorage.setItem(THEME, event.target.value);
  } catch {
    return; // then the choice lasts as long as the page
  }
});
themed(remembered());

// --- paper ---

addEventListener("beforeprint", () =>
  layOut([
    {heading: "Matrix", content: matrix.content},
    ...maps
      .filter((map) => !map.scroller.hidden && map.content)
      .map((map) => ({heading: `Loaded together on ${byId("bench").value}`, content: map.content})),
  ]),
);
addEventListener("afterprint", foldBack);

const isWide = matchMedia("(min-width: 48rem)").matches;
byId("filters").open = isWide;
for (const part of document.querySelectorAll(".part:not(.fail, .error)")) part.open = isWide;
filterControls(axes, () => state, changed);
document.documentElement.dataset.ready = "";
show();
performance.mark("matrix");
