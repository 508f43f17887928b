// What is shown is kept in the address: filters, the text that is searched, the bench of the pairs, the open cell.

const AXES = ["wheel", "distro", "family", "arch", "interpreter", "verdict", "check", "how", "change"];
const OPEN = ["cell", "pair", "on"];

function readState() {
  const query = new URLSearchParams(location.hash.replace(/^#\/?/, ""));
  const axes = Object.fromEntries(AXES.map((axis) => [axis, new Set(query.getAll(axis))]));
  const open = Object.fromEntries(OPEN.map((key) => [key, query.get(key) ?? ""]));
  return {axes, text: query.get("text") ?? "", bench: query.get("bench") ?? "", open};
}

function hashOf(state) {
  const query = new URLSearchParams();
  for (const axis of AXES) for (const value of [...state.axes[axis]].sort()) query.append(axis, value);
  for (const key of ["text", "bench"]) if (state[key]) query.set(key, state[key]);
  for (const key of OPEN) if (state.open[key]) query.set(key, state.open[key]);
  return `#/${query}`;
}

// A step that the reader can take back; what is typed letter by letter is no step of its own.
function writeState(state, isStep = true) {
  const hash = hashOf(state);
  if (hash === (location.hash || "#/")) return;
  if (isStep) history.pushState(null, "", hash);
  else history.replaceState(null, "", hash);
}

function isFiltered(state) {
  return state.text !== "" || AXES.some((axis) => state.axes[axis].size > 0);
}
