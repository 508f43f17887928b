// Paper: what the filters keep is laid out as plain tables of a page's width, and folded parts are unfolded.

const PAPER_COLUMNS = 8;
const PAPER_CELLS = 4000;

function layOut(contents) {
  byId("printed").replaceChildren(...contents.flatMap(({heading, content}) => paperTables(heading, content)));
  for (const part of document.querySelectorAll("main > section details:not([open])")) {
    part.open = true;
    part.dataset.wasFolded = "";
  }
}

function foldBack() {
  byId("printed").replaceChildren();
  for (const part of document.querySelectorAll("[data-was-folded]")) {
    part.open = false;
    delete part.dataset.wasFolded;
  }
}

function paperTables(heading, content) {
  if (!content.rows || !content.columns) return [];
  const rows = Math.min(content.rows, Math.max(1, Math.floor(PAPER_CELLS / content.columns)));
  const made = [make("h2", {}, heading)];
  for (let left = 0; left < content.columns; left += PAPER_COLUMNS) {
    made.push(paperTable(content, rows, left, Math.min(content.columns, left + PAPER_COLUMNS)));
  }
  if (rows < content.rows)
    made.push(make("p", {}, `The first ${rows} of ${content.rows} rows; filter the page to print others.`));
  return made;
}

function paperTable(content, rows, left, right) {
  const columns = Array.from({length: right - left}, (_, number) => left + number);
  const groupLines = content.levels.map((_, number) =>
    make("tr", {}, make("td"), ...groups(content.levels.slice(0, number + 1), left, right)),
  );
  const heads = make(
    "tr",
    {},
    make("td"),
    ...columns.map((column) =>
      make("th", {scope: "col"}, ...content.head(column).lines.map((line) => make("span", {}, line))),
    ),
  );
  const lines = Array.from({length: rows}, (_, row) =>
    make(
      "tr",
      {},
      make("th", {scope: "row"}, content.title(row)),
      ...columns.map((column) => paperCell(content.cell(row, column))),
    ),
  );
  return make("table", {class: "paper"}, make("thead", {}, ...groupLines, heads), make("tbody", {}, ...lines));
}

function paperCell(found) {
  return make(
    "td",
    {class: found.class},
    ...found.lines.map((line, number) => make(number ? "small" : "b", {}, line)),
  );
}
