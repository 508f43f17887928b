// A table of any size: only what is in view stands in the document. One cell is in the tab order; arrow keys move on.
//
// It shows a content: {rows, columns, levels, head(column), title(row), cell(row, column)}, and place and find, which
// turn a row and a column into what the address calls them, and back. `levels` are functions from
// a column to the name of its group; a head and a cell are {class, lines, label}.

const MARGIN = 6; // rows and columns that are drawn outside the view
const SMALL = 1500; // cells that are drawn at once
const MOVES = {
  ArrowUp: ({row, column}) => [row - 1, column],
  ArrowDown: ({row, column}) => [row + 1, column],
  ArrowLeft: ({row, column}) => [row, column - 1],
  ArrowRight: ({row, column}) => [row, column + 1],
  PageUp: ({row, column, page}) => [row - page, column],
  PageDown: ({row, column, page}) => [row + page, column],
  Home: ({row, isFar}) => [isFar ? 0 : row, 0],
  End: ({row, isFar, content}) => [isFar ? content.rows - 1 : row, content.columns - 1],
};

class Grid {
  constructor(table, open) {
    this.table = table;
    this.scroller = table.parentElement;
    this.open = open;
    this.active = [0, 0];
    this.scroller.addEventListener("scroll", () => this.later(), {passive: true});
    table.addEventListener("keydown", (event) => this.key(event));
    table.addEventListener("click", (event) => this.click(event));
    new ResizeObserver(() => this.later()).observe(this.scroller);
  }

  show(content) {
    this.content = content;
    this.drawn = null;
    this.active = this.within(...this.active);
    this.draw();
  }

  later() {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = null;
      if (this.content) this.draw();
    });
  }

  // Sizes in pixels, as the style sheet has them.
  get sizes() {
    const style = getComputedStyle(this.table);
    const size = (name) => parseFloat(style.getPropertyValue(name));
    return {row: size("--row"), column: size("--column"), title: size("--title"), head: size("--head")};
  }

  // First and last row and column that ought to stand in the document.
  wanted(sizes) {
    const {rows, columns} = this.content;
    if (rows * columns <= SMALL) return [0, rows, 0, columns];
    const {scrollTop, scrollLeft, clientHeight, clientWidth} = this.scroller;
    const top = Math.floor(scrollTop / sizes.row),
      left = Math.floor(scrollLeft / sizes.column);
    return [
      Math.max(0, top - MARGIN),
      Math.min(rows, top + Math.ceil(clientHeight / sizes.row) + MARGIN),
      Math.max(0, left - MARGIN),
      Math.min(columns, left + Math.ceil(clientWidth / sizes.column) + MARGIN),
    ];
  }

  // Draw again only where the view has come near an edge of what stands there.
  draw() {
    const sizes = this.sizes;
    const wanted = this.wanted(sizes);
    const style = JSON.stringify(sizes);
    if (this.drawn && this.drawnStyle === style && this.holds(wanted)) return;
    this.drawnStyle = style;
    this.fill(wanted, sizes);
  }

  holds([top, bottom, left, right]) {
    const {rows, columns} = this.content;
    const near = MARGIN / 2;
    const before = (drawn, wanted) => drawn <= (wanted === 0 ? 0 : wanted + near);
    const after = (drawn, wanted, size) => drawn >= (wanted === size ? size : wanted - near);
    const [first, last, start, end] = this.drawn;
    return before(first, top) && after(last, bottom, rows) && before(start, left) && after(end, right, columns);
  }

  fill(wanted, sizes) {
    const hadFocus = this.table.contains(document.activeElement);
    this.drawn = wanted;
    this.table.setAttribute("aria-rowcount", this.content.rows + this.content.levels.length + 1);
    this.table.setAttribute("aria-colcount", this.content.columns + 1);
    this.table.style.width = `${sizes.title + this.content.columns * sizes.column}px`;
    this.table.replaceChildren(this.widths(sizes), this.heads(), this.body(sizes));
    this.offer();
    if (hadFocus) this.focus();
  }

  widths(sizes) {
    const [, , left, right] = this.drawn;
    const widths = [
      sizes.title,
      left * sizes.column,
      ...Array(right - left).fill(sizes.column),
      (this.content.columns - right) * sizes.column,
    ];
    const group = make("colgroup");
    for (const [place, width] of widths.entries()) {
      if (width === 0 && place !== 0) continue;
      const column = make("col");
      column.style.width = `${width}px`;
      group.append(column);
    }
    return group;
  }

  // A row with what stands left and right of the view left empty.
  line(attributes, title, cells) {
    const [, , left, right] = this.drawn;
    const gap = (width) => (width > 0 ? [make("td", {class: "gap", "aria-hidden": "true"})] : []);
    return make("tr", attributes, title, ...gap(left), ...cells, ...gap(this.content.columns - right));
  }

  heads() {
    const {
      content,
      drawn: [, , left, right],
    } = this;
    const corner = () => make("td", {class: "corner"});
    const lines = content.levels.map((_, number) =>
      this.line(
        {"aria-rowindex": number + 1, class: "group"},
        corner(),
        groups(content.levels.slice(0, number + 1), left, right),
      ),
    );
    const columns = [];
    for (let column = left; column < right; column++) {
      const head = content.head(column);
      columns.push(
        make(
          "th",
          {scope: "col", class: head.class, title: head.label, "aria-colindex": column + 2},
          ...head.lines.map((line) => make("span", {}, line)),
        ),
      );
    }
    lines.push(this.line({"aria-rowindex": lines.length + 1, class: "head"}, corner(), columns));
    return make("thead", {}, ...lines);
  }

  body(sizes) {
    const {
      content,
      drawn: [top, bottom, left, right],
    } = this;
    const lines = [];
    for (let row = top; row < bottom; row++) {
      const cells = [];
      for (let column = left; column < right; column++) cells.push(this.cell(row, column));
      const title = make("th", {scope: "row", title: content.title(row)}, make("span", {}, content.title(row)));
      lines.push(this.line({"aria-rowindex": row + content.levels.length + 2}, title, cells));
    }
    const space = (height) => {
      const line = make("tr", {"aria-hidden": "true", class: "gap"});
      line.style.height = `${height}px`;
      return height > 0 ? [line] : [];
    };
    return make("tbody", {}, ...space(top * sizes.row), ...lines, ...space((content.rows - bottom) * sizes.row));
  }

  cell(row, column) {
    const found = this.content.cell(row, column);
    const lines = found.lines.map((line, number) => make(number ? "small" : "b", {}, line));
    const made = make(
      "td",
      {class: found.class, title: found.label, tabindex: -1, "aria-colindex": column + 2},
      ...lines,
    );
    made.place = [row, column];
    return made;
  }

  within(row, column) {
    const clamp = (number, size) => Math.max(0, Math.min(number, size - 1));
    return [clamp(row, this.content.rows), clamp(column, this.content.columns)];
  }

  cellAt(row, column) {
    const [top, bottom, left, right] = this.drawn;
    if (row < top || row >= bottom || column < left || column >= right) return null;
    const line = this.table.tBodies[0].rows[row - top + (top > 0 ? 1 : 0)];
    return line?.cells[column - left + 1 + (left > 0 ? 1 : 0)];
  }

  // Put one cell into the tab order: the active one, or the nearest that is drawn.
  offer() {
    if (this.content.rows === 0 || this.content.columns === 0) return;
    if (this.offered) this.cellAt(...this.offered)?.setAttribute("tabindex", "-1");
    const [top, bottom, left, right] = this.drawn;
    const [row, column] = this.active;
    this.offered = [Math.max(top, Math.min(row, bottom - 1)), Math.max(left, Math.min(column, right - 1))];
    this.cellAt(...this.offered)?.setAttribute("tabindex", "0");
  }

  focus() {
    if (this.offered) this.cellAt(...this.offered)?.focus({preventScroll: true});
  }

  go(row, column) {
    this.active = this.within(row, column);
    this.reveal(...this.active);
    this.draw();
    this.offer();
    this.focus();
  }

  // Scroll so far that a cell is not under the heads or outside.
  reveal(row, column) {
    const sizes = this.sizes,
      view = this.scroller,
      head = this.table.tHead.offsetHeight;
    const top = row * sizes.row,
      left = column * sizes.column;
    view.scrollTop = Math.min(top, Math.max(view.scrollTop, top + sizes.row + head - view.clientHeight));
    view.scrollLeft = Math.min(left, Math.max(view.scrollLeft, left + sizes.column + sizes.title - view.clientWidth));
    const box = view.getBoundingClientRect(),
      place = box.top + head + top - view.scrollTop;
    if (place < 0 || place + sizes.row > innerHeight) scrollBy({top: place - innerHeight / 2, behavior: "instant"});
  }

  key(event) {
    const place = event.target.place;
    if (!place) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.open(...place);
    } else if (MOVES[event.key] && !event.altKey) {
      event.preventDefault();
      const page = Math.max(1, Math.floor(this.scroller.clientHeight / this.sizes.row) - 3);
      const isFar = event.ctrlKey || event.metaKey;
      this.go(...MOVES[event.key]({row: place[0], column: place[1], page, isFar, content: this.content}));
    }
  }

  click(event) {
    const place = event.target.closest("td")?.place;
    if (!place) return;
    this.go(...place);
    this.open(...place);
  }
}

// Heads that stand over neighbouring columns of one group: those that agree in this level and in all above it.
function groups(levels, left, right) {
  const heads = [];
  for (let column = left; column < right; column++) {
    const names = levels.map((level) => level(column));
    const path = JSON.stringify(names);
    if (heads.length && heads.at(-1).path === path) heads.at(-1).span++;
    else heads.push({path, name: names.at(-1), span: 1, column});
  }
  return heads.map(({name, span, column}) =>
    make("th", {scope: "colgroup", colspan: span, "aria-colindex": column + 2}, make("span", {}, name)),
  );
}
