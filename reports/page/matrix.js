// The matrix of releases and benches: each place shows the word of its entries that comes first in the list of words.

const NOTHING = 255;

// What is left of the matrix when only some entries are kept.
function matrixView(data, keep) {
  const {row, column, word} = data.entries;
  const width = data.columns.length;
  const words = new Uint8Array(data.rows.length * width).fill(NOTHING);
  const rows = new Uint8Array(data.rows.length),
    columns = new Uint8Array(width);
  let count = 0;
  for (let entry = 0; entry < keep.length; entry++) {
    if (!keep[entry]) continue;
    const place = row[entry] * width + column[entry];
    if (word[entry] < words[place]) words[place] = word[entry];
    rows[row[entry]] = columns[column[entry]] = 1;
    if (data.entries.detail[entry] >= 0) count++;
  }
  const present = (flags) => [...flags.keys()].filter((number) => flags[number]);
  return {rows: present(rows), columns: present(columns), words, count, keep};
}

function matrixContent(data, view) {
  const columns = view.columns.map((number) => data.columns[number]);
  return {
    rows: view.rows.length,
    columns: columns.length,
    levels: [(column) => columns[column].family, (column) => columns[column].arch],
    title: (row) => data.rows[view.rows[row]],
    head: (column) => benchHead(columns[column]),
    cell: (row, column) => placeCell(data, view, view.rows[row], view.columns[column]),
    place: (row, column) => [data.rows[view.rows[row]], columns[column].id],
    find: (title, bench) => [
      view.rows.findIndex((row) => data.rows[row] === title),
      columns.findIndex((column) => column.id === bench),
    ],
  };
}

function benchHead(bench) {
  const mark = bench.foreseen ? "predicted" : bench.emulated ? "emulated" : "";
  const label = [bench.id, bench.libc, mark, bench.trouble, bench.ending].filter(Boolean).join("; ");
  return {class: `bench ${mark}`, label, lines: [bench.distro, bench.interpreter, mark].filter(Boolean)};
}

function placeCell(data, view, row, column) {
  const place = row * data.columns.length + column;
  const where = `${data.rows[row]} on ${data.columns[column].id}`;
  if (view.words[place] === NOTHING) {
    const isHidden = data.at(place).length > 0;
    const words = isHidden ? "does not match the filters" : "not asked for";
    return {class: "cell nothing", lines: [isHidden ? "" : "-"], label: `${where}: ${words}`};
  }
  const found = [...data.at(place)].filter((entry) => view.keep[entry]);
  return told(data, data.columns[column], found, view.words[place], data.changed.get(place), where);
}

// The strongest evidence of a wheel that works with a warning.
function seenBeside(data, found) {
  const grades = data.words.slice(data.words.indexOf("warn") + 1, data.words.indexOf("ok"));
  return (
    grades[
      Math.min(
        ...found.map((entry) => grades.indexOf(data.words[data.entries.word[entry]])).filter((number) => number >= 0),
      )
    ] ?? ""
  );
}

function told(data, bench, found, number, change, where) {
  const {word, how, check, reason} = data.entries;
  const deciding = found.find((entry) => word[entry] === number);
  const isPredicted = found.every((entry) => data.hows[how[entry]] === "predicted");
  const name = data.words[number] === "-" ? "left out" : data.words[number];
  const asked = /^(FAIL|ERROR|warn|unknown|skipped)$/.test(name) ? data.checks[check[deciding]] : "";
  const said = isPredicted ? "predicted" : (name === "warn" && seenBeside(data, found)) || asked;
  const marks = [change?.kind, said, bench.emulated ? "emulated" : ""].filter(Boolean);
  const classes = [
    "cell",
    "word",
    slug(name),
    isPredicted && "predicted",
    bench.emulated && "emulated",
    change && "changed",
  ];
  return {
    class: classes.filter(Boolean).join(" "),
    lines: [name, marks.slice(0, 2).join(", ")].filter(Boolean),
    label: `${where}: ${[name, ...marks].join(", ")}${reason[deciding] ? `. ${data.reasons[reason[deciding]]}` : ""}`,
  };
}
