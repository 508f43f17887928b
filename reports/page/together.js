// Wheels that were loaded together: for each bench a heat-map of ordered pairs, and the larger companies as a list.

const VERDICT_OF = {
  FAIL: "fail",
  ERROR: "error",
  unknown: "unknown",
  flaky: "warn",
  warn: "warn",
  ok: "pass",
  skipped: "skip",
  "left out": "left out",
  "not run": "not run",
};
const LISTED = 200; // companies of more than two

// The benches with pairs or larger companies that the filters keep.
function pairBenches(data, state) {
  const {pairs, crowds} = data.together;
  const known = new Map(data.columns.map((column) => [column.id, column]));
  const isKept = (bench) =>
    ["distro", "family", "arch", "interpreter"].every(
      (axis) => state.axes[axis].size === 0 || state.axes[axis].has(known.get(bench)?.[axis]),
    );
  return [...new Set([...pairs, ...crowds].map((one) => one.bench))].filter(isKept);
}

function keepsWord(data, state, number) {
  return state.axes.verdict.size === 0 || state.axes.verdict.has(VERDICT_OF[data.together.words[number]]);
}

function keepsNames(state, names) {
  const wheels = state.axes.wheel;
  const isChosen = wheels.size === 0 || names.some((name) => wheels.has(name.replace(/-(?=[^-]*$)/, " ")));
  const text = names.join(" ").toLowerCase();
  return isChosen && terms(state.text).every((term) => text.includes(term));
}

function keepsChange(data, state, bench, names) {
  return state.axes.change.size === 0 || state.axes.change.has(data.changedPairs.get(`${bench} ${names}`)?.kind);
}

function pairContent(data, pairs, state) {
  const width = pairs.columns.length;
  const keep = (row, column) =>
    pairs.word[row * width + column] >= 0 &&
    keepsWord(data, state, pairs.word[row * width + column]) &&
    keepsNames(state, [pairs.rows[row], pairs.columns[column]]) &&
    keepsChange(data, state, pairs.bench, `${pairs.rows[row]},${pairs.columns[column]}`);
  const isAll = !isFiltered(state);
  const rows = [...pairs.rows.keys()].filter((row) => isAll || pairs.columns.some((_, column) => keep(row, column)));
  const columns = [...pairs.columns.keys()].filter((column) => isAll || rows.some((row) => keep(row, column)));
  return {
    rows: rows.length,
    columns: columns.length,
    levels: [],
    title: (row) => pairs.rows[rows[row]],
    head: (column) => ({
      class: "wheel",
      label: `then ${pairs.columns[columns[column]]}`,
      lines: [pairs.columns[columns[column]]],
    }),
    cell: (row, column) => pairCell(data, pairs, rows[row], columns[column], keep(rows[row], columns[column])),
    place: (row, column) => [`${pairs.rows[rows[row]]},${pairs.columns[columns[column]]}`, pairs.bench],
    find: (names, bench) => {
      const [first, then, third] = names.split(",");
      const isHere = bench === pairs.bench && third === undefined;
      return [
        rows.findIndex((row) => isHere && pairs.rows[row] === first),
        columns.findIndex((column) => isHere && pairs.columns[column] === then),
      ];
    },
  };
}

function pairCell(data, pairs, row, column, isKept) {
  const place = row * pairs.columns.length + column;
  const order = `${pairs.rows[row]}, then ${pairs.columns[column]}`;
  if (!isKept) return {class: "cell nothing", lines: [pairs.word[place] < 0 ? "-" : ""], label: order};
  const {words, kinds, weights} = data.together;
  const word = words[pairs.word[place]],
    kind = kinds[pairs.kind[place]] ?? "",
    weight = weights[pairs.kind[place]] ?? "";
  const change = data.changedPairs.get(`${pairs.bench} ${pairs.rows[row]},${pairs.columns[column]}`)?.kind ?? "";
  return {
    class: `cell word ${slug(word)} ${weight && `weight-${weight}`} ${change && "changed"}`,
    lines: [word, change || kind].filter(Boolean),
    label: `${order}: ${[word, change].filter(Boolean).join(", ")}${kind && `; strongest evidence: ${kind}`}`,
  };
}

// The number of a pair's or a larger company's detail, or -1.
function companyDetail(data, names, bench) {
  const members = names.split(",");
  if (members.length > 2) {
    return data.together.crowds.find((one) => one.bench === bench && one.members.join(",") === names)?.detail ?? -1;
  }
  for (const pairs of data.together.pairs) {
    const row = pairs.rows.indexOf(members[0]),
      column = pairs.columns.indexOf(members[1]);
    if (pairs.bench === bench && row >= 0 && column >= 0) {
      const place = row * pairs.columns.length + column;
      if (pairs.word[place] >= 0) return pairs.detail[place];
    }
  }
  return -1;
}

function crowdList(data, bench, state, open) {
  const {crowds, words, kinds} = data.together;
  const found = crowds.filter(
    (one) =>
      one.bench === bench &&
      keepsWord(data, state, one.word) &&
      keepsNames(state, one.members) &&
      keepsChange(data, state, bench, one.members.join(",")),
  );
  found.sort((one, other) => one.word - other.word);
  const lines = found
    .slice(0, LISTED)
    .map((one) =>
      make(
        "li",
        {},
        chip(words[one.word]),
        " ",
        make(
          "button",
          {type: "button", class: "link", value: one.members.join(","), click: () => open(one.members.join(","), one.bench)},
          one.members.join(", then "),
        ),
        kinds[one.kind] ? make("small", {}, ` ${kinds[one.kind]}`) : null,
      ),
    );
  if (found.length > LISTED)
    lines.push(make("li", {}, `and ${plural(found.length - LISTED, "more order", "more orders")}`));
  return lines;
}
