// What the page holds, packed: the overview is unpacked at once, details a piece at a time.

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Response(plain).json();
}

const RECENT = 4; // pieces that stay unpacked
const unpacked = new Map();

// The detail of a result, by the number that an entry names.
async function detailOf(number) {
  const size = Number(byId("data").dataset.piece);
  const piece = Math.floor(number / size);
  if (!unpacked.has(piece)) {
    unpacked.set(piece, unpack(byId(`piece-${piece}`).textContent));
    if (unpacked.size > RECENT) unpacked.delete(unpacked.keys().next().value);
  }
  return (await unpacked.get(piece))[number % size];
}

// The overview with what is quick to ask: which entries stand in which place.
function indexed(data) {
  const {row, column} = data.entries;
  const width = data.columns.length;
  const starts = new Uint32Array(data.rows.length * width + 1);
  for (let entry = 0; entry < row.length; entry++) starts[row[entry] * width + column[entry] + 1]++;
  for (let place = 1; place < starts.length; place++) starts[place] += starts[place - 1];
  const order = new Uint32Array(row.length);
  const next = starts.slice();
  for (let entry = 0; entry < row.length; entry++) order[next[row[entry] * width + column[entry]]++] = entry;
  return {
    ...data,
    changed: changedPlaces(data),
    changedPairs: changedPairs(data),
    at: (place) => order.subarray(starts[place], starts[place + 1]),
  };
}

// Place number to the change that matters most there; changes come in that order.
function changedPlaces(data) {
  const rows = new Map(data.rows.map((title, number) => [title, number]));
  const columns = new Map(data.columns.map((column, number) => [column.id, number]));
  const places = new Map();
  for (const change of [...data.changes].reverse()) {
    if (rows.has(change.place) && columns.has(change.bench)) {
      places.set(rows.get(change.place) * data.columns.length + columns.get(change.bench), change);
    }
  }
  return places;
}

// Bench and wheels in one process to what changed there.
function changedPairs(data) {
  return new Map(data.changes.map((change) => [`${change.bench} ${change.place}`, change]));
}
