// The filters: which entries are kept, and the controls that say so. An axis keeps what is one of its chosen values.

const LABELS = {
  wheel: "Wheel",
  distro: "Distro",
  family: "Family",
  arch: "Arch",
  interpreter: "Interpreter",
  verdict: "Verdict",
  check: "Check",
  how: "How",
  change: "Change",
};
const LONG = 12; // values from which on a list has a search of its own

// Each axis with its values and, for each entry, the number of its value.
function axesOf(data) {
  const {entries, columns} = data;
  const ofColumn = (key) => {
    const values = [...new Set(columns.map((column) => column[key]))];
    const numbers = columns.map((column) => values.indexOf(column[key]));
    return {values, numbers: entries.column.map((column) => numbers[column])};
  };
  const axes = {
    wheel: {values: data.rows, numbers: entries.row},
    ...Object.fromEntries(["distro", "family", "arch", "interpreter"].map((key) => [key, ofColumn(key)])),
    verdict: {values: data.verdicts, numbers: entries.verdict},
    check: {values: data.checks, numbers: entries.check},
    how: {values: data.hows, numbers: entries.how},
    change: changeAxis(data),
  };
  for (const axis of Object.values(axes)) axis.counts = counted(axis);
  return axes;
}

function changeAxis(data) {
  const values = ["", ...new Set(data.changes.map((change) => change.kind))]; // "" is unchanged
  const {row, column} = data.entries;
  const numbers = row.map((_, entry) => {
    const change = data.changed.get(row[entry] * data.columns.length + column[entry]);
    return change ? values.indexOf(change.kind) : 0;
  });
  return {values, numbers};
}

function counted({values, numbers}) {
  const counts = new Uint32Array(values.length);
  for (const number of numbers) counts[number]++;
  return counts;
}

// One byte for each entry: whether it is kept.
function kept(data, axes, state) {
  const keep = new Uint8Array(data.entries.row.length).fill(1);
  for (const name of AXES) {
    const chosen = state.axes[name],
      {values, numbers} = axes[name];
    if (chosen.size === 0) continue;
    const allowed = values.map((value) => chosen.has(value));
    for (let entry = 0; entry < keep.length; entry++) if (!allowed[numbers[entry]]) keep[entry] = 0;
  }
  for (const term of terms(state.text)) keepTerm(data, keep, term);
  return keep;
}

function terms(text) {
  return text.toLowerCase().split(/\s+/).filter(Boolean);
}

// Every term must be found in the wheel, the bench, the check, the word or the reason.
function keepTerm(data, keep, term) {
  const has = (texts) => Uint8Array.from(texts, (text) => text.toLowerCase().includes(term));
  const found = {
    row: has(data.rows),
    check: has(data.checks),
    word: has(data.words),
    reason: has(data.reasons),
    column: has(data.columns.map((one) => `${one.id} ${one.family} ${one.emulated ? "emulated" : ""}`)),
    how: has(data.hows),
  };
  const columns = Object.keys(found).map((key) => [found[key], data.entries[key]]);
  for (let entry = 0; entry < keep.length; entry++) {
    if (keep[entry] && !columns.some(([hits, numbers]) => hits[numbers[entry]])) keep[entry] = 0;
  }
}

// --- controls ---

function filterControls(axes, state, changed) {
  const shown = AXES.filter((name) => axes[name].values.filter((_, number) => axes[name].counts[number]).length > 1);
  byId("axes").replaceChildren(...shown.map((name) => axisControl(name, axes[name], state, changed)));
  document.addEventListener("click", (event) => closeAxes(event.target));
}

function closeAxes(target) {
  for (const axis of document.querySelectorAll("details.axis[open]")) if (!axis.contains(target)) axis.open = false;
}

function axisControl(name, axis, state, changed) {
  const summary = make("summary", {}, LABELS[name], make("span", {class: "number"}));
  const panel = make("div", {class: "panel"});
  const control = make(
    "details",
    {
      class: "axis",
      "data-axis": name,
      toggle: () => {
        if (control.open) closeAxes(control);
        if (control.open && !panel.hasChildNodes()) panel.append(...choices(name, axis, state, changed));
      },
      keydown: (event) => {
        if (event.key !== "Escape" || !control.open) return;
        control.open = false;
        summary.focus();
      },
    },
    summary,
    panel,
  );
  return control;
}

function choices(name, axis, state, changed) {
  const list = make("ul", {});
  axis.values.forEach((value, number) => {
    if (axis.counts[number] && value !== "") list.append(choice(name, value, axis.counts[number], state, changed));
  });
  const search = make("input", {
    type: "search",
    placeholder: "Find",
    "aria-label": `Find in ${LABELS[name]}`,
    input: () => {
      const term = search.value.toLowerCase();
      for (const line of list.children) line.hidden = !line.textContent.toLowerCase().includes(term);
    },
  });
  return list.children.length > LONG ? [search, list] : [list];
}

function choice(name, value, count, state, changed) {
  const box = make("input", {
    type: "checkbox",
    change: () => {
      if (box.checked) state().axes[name].add(value);
      else state().axes[name].delete(value);
      changed();
    },
  });
  box.checked = state().axes[name].has(value);
  box.axisValue = value;
  return make(
    "li",
    {},
    make("label", {}, box, make("span", {}, value), make("small", {}, count.toLocaleString("en"))),
  );
}

// Bring the controls in line with the state, which may come from the address.
function showFilters(axes, state, changed) {
  byId("text").value = state.text;
  for (const control of document.querySelectorAll("details.axis")) {
    const chosen = state.axes[control.dataset.axis];
    control.querySelector(".number").textContent = chosen.size ? ` ${chosen.size}` : "";
    for (const box of control.querySelectorAll("input[type=checkbox]")) box.checked = chosen.has(box.axisValue);
  }
  byId("only-failures").setAttribute("aria-pressed", isOnly(state.axes.verdict, ["fail"]));
  byId("only-changes").setAttribute("aria-pressed", isOnly(state.axes.change, kinds(axes)));
  byId("chosen").replaceChildren(...chosenChips(state, changed));
}

function kinds(axes) {
  return axes.change.values.filter(Boolean);
}

function isOnly(chosen, values) {
  return chosen.size > 0 && chosen.size === values.length && values.every((value) => chosen.has(value));
}

function chosenChips(state, changed) {
  const chips = AXES.flatMap((name) =>
    [...state.axes[name]].map((value) =>
      removal(`${LABELS[name]}: ${value}`, () => {
        state.axes[name].delete(value);
        changed();
      }),
    ),
  );
  if (state.text)
    chips.push(
      removal(`Text: ${state.text}`, () => {
        state.text = "";
        changed();
      }),
    );
  if (chips.length > 1)
    chips.push(make("button", {type: "button", class: "quiet", click: () => clear(state, changed)}, "Clear all"));
  return chips;
}

function removal(words, remove) {
  const click = () => {
    remove();
    byId("text").focus();
  };
  return make(
    "button",
    {type: "button", class: "chosen", "aria-label": `Remove filter ${words}`, click},
    words,
    make("span", {"aria-hidden": "true"}, " ×"),
  );
}

function clear(state, changed) {
  for (const name of AXES) state.axes[name].clear();
  state.text = "";
  changed();
  byId("text").focus();
}
