// The dialog with the evidence of a cell: what was asked, what was seen, who bound to whom, and how to repeat it.

const LOG = 120; // characters from which on a text is shown as a log

// What the dialog says of a place, or null where the page has none such.
async function placeEvidence(data, row, bench) {
  const column = data.columns.findIndex((one) => one.id === bench),
    title = data.rows.indexOf(row);
  if (column < 0 || title < 0) return null;
  const place = title * data.columns.length + column;
  const entries = [...data.at(place)].sort((one, other) => data.entries.word[one] - data.entries.word[other]);
  const details = await Promise.all(
    entries.map((entry) => (data.entries.detail[entry] < 0 ? null : detailOf(data.entries.detail[entry]))),
  );
  const change = data.changed.get(place);
  return {
    title: row,
    lines: [bench],
    sections: [
      change ? notice(`${change.kind}: ${change.words}`) : null,
      ...entries.map((entry, number) =>
        details[number] ? detailSection(details[number], number === 0) : unseen(data, entry),
      ),
      entries.length
        ? null
        : notice(
            "The run was not asked for this wheel on this bench, or its installer chooses another release there.",
          ),
      benchSection(data.columns[column]),
    ],
  };
}

async function companyEvidence(data, names, bench) {
  const number = companyDetail(data, names, bench);
  const column = data.columns.find((one) => one.id === bench);
  const reasons = data.left_out
    .filter((one) => one.bench === bench && isSamePair(one.subject, names))
    .map((one) => one.reason);
  const change = data.changedPairs.get(`${bench} ${names}`);
  return {
    title: names.split(",").join(", then "),
    lines: ["loaded in this order in one process", bench],
    sections: [
      change ? notice(`${change.kind}: ${change.words}`) : null,
      number >= 0
        ? detailSection(await detailOf(number), true)
        : notice(reasons.join(" ") || "This pair was not run."),
      column ? benchSection(column) : null,
    ],
  };
}

function isSamePair(subject, names) {
  return subject === names || subject === names.split(",").reverse().join(",");
}

function showDialog({title, lines, sections}) {
  const dialog = byId("evidence");
  byId("evidence-title").replaceChildren(node(title));
  byId("evidence-where").replaceChildren(...lines.map((line) => make("span", {}, line)));
  byId("evidence-body").replaceChildren(...sections.filter(Boolean));
  if (!dialog.open) dialog.showModal();
  byId("evidence-body").scrollTop = 0;
  byId("evidence-title").focus();
}

function notice(words) {
  return make("p", {class: "notice"}, words);
}

function unseen(data, entry) {
  const {word, check, reason} = data.entries;
  const why = data.reasons[reason[entry]] || "It was planned, and the run ended before.";
  return make(
    "section",
    {class: "check"},
    make("h3", {}, chip(data.words[word[entry]]), " ", data.checks[check[entry]]),
    make("p", {}, why),
  );
}

// --- one check ---

function detailSection(detail, isFirst) {
  const isPredicted = detail.how === "predicted";
  const body = [
    detail.reason ? make("p", {class: "reason"}, detail.reason) : null,
    line("Likely cause", detail.cause),
    line("Seen in", detail.rate && `${detail.rate} fresh processes`),
    line("Enough for it, in this order", detail.smallest.join(", then ")),
    ...evidenceList(detail),
    ...plainList(
      "Others may suffer from",
      detail.evidence.length || detail.reason === detail.side_effects.join("; ") ? [] : detail.side_effects,
    ),
    ...plainList("Advice", detail.advice),
    judgement(detail),
    repeatCommand(detail.repeat),
    factsOf(
      detail.facts,
      isFirst && !/^(pass|skip)$/.test(detail.verdict),
      isPredicted ? "What it follows from" : "What the bench said",
    ),
    factsOf(detail.conditions, false, "Under what it was asked"),
    wheelFacts(detail),
  ];
  const heading = make(
    "summary",
    {},
    make("h3", {}, chip(detail.word, isPredicted), " ", detail.check),
    make("span", {class: "seconds"}, isPredicted ? "predicted" : `${detail.seconds.toFixed(1)} s`),
  );
  return make(
    "details",
    {class: "check", open: isFirst || /^(fail|error|unknown|warn)$/.test(detail.verdict)},
    heading,
    ...body,
  );
}

function line(label, words) {
  return words ? make("p", {}, make("strong", {}, `${label}: `), words) : null;
}

function plainList(label, texts) {
  return texts.length ? [make("h4", {}, label), make("ul", {}, ...texts.map((text) => make("li", {}, text)))] : [];
}

function judgement(detail) {
  return make(
    "dl",
    {class: "facts"},
    ...term(
      "The tag promises",
      detail.promise === "supported" ? "that it works here" : "nothing here: it must be refused",
    ),
    ...term("What happened", detail.outcome),
    ...term("Verdict", detail.verdict),
    ...term("Evidence", detail.grade === "none" ? "" : detail.grade),
    ...term("Cached from", detail.cached),
    ...term(
      "How",
      detail.how === "predicted"
        ? "predicted from the wheel's files and the measured distro; nothing was run"
        : detail.emulated
          ? "observed, under emulation"
          : "observed",
    ),
  );
}

function term(name, value) {
  return value === "" || value === null || value === undefined ? [] : [make("dt", {}, name), make("dd", {}, value)];
}

function repeatCommand(command) {
  if (!command) return null;
  return make(
    "div",
    {class: "repeat"},
    make("h4", {}, "Repeat"),
    make("div", {class: "command"}, make("code", {tabindex: 0}, command), copyButton(command)),
  );
}

function wheelFacts(detail) {
  return make(
    "dl",
    {class: "facts"},
    ...term("Cell", detail.cell),
    ...term("Wheel", detail.subject),
    ...term("SHA-256", detail.sha256),
    ...term("Image", detail.image),
    ...term("Installer", detail.installer),
    ...term("Variant", detail.variant),
    ...term("Engine", detail.how === "predicted" ? "" : detail.engine),
    ...term("Lab", detail.lab),
  );
}

// --- evidence of wheels in one process ---

function evidenceList(detail) {
  const pieces = detail.evidence.filter((piece) => piece && typeof piece === "object");
  if (!pieces.length) return [];
  return [
    make("h4", {}, "What was seen"),
    make("ul", {class: "evidence"}, ...pieces.map((piece) => evidencePiece(piece, detail.reason))),
  ];
}

const SHOWN = ["from", "to", "symbols", "count", "soname", "wanted", "given", "askers", "said"]; // facts in words

function evidencePiece(piece, reason) {
  const facts = piece.facts && typeof piece.facts === "object" ? piece.facts : {};
  return make(
    "li",
    {},
    make(
      "p",
      {},
      make("span", {class: `chip weight-${slug(String(piece.weight))}`}, piece.weight ?? ""),
      " ",
      make("strong", {}, piece.kind ?? ""),
    ),
    isSaid(piece.words, reason) ? null : make("p", {}, piece.words ?? ""),
    crossing(facts),
    capture(facts),
    facts.said ? make("pre", {tabindex: 0}, facts.said) : null,
    factsOf(without(facts, SHOWN), false),
  );
}

// The reason may have told the first piece already.
function isSaid(words, reason) {
  return Boolean(words) && reason.startsWith(words);
}

// Who bound to whom: the file that asked, the file that answered, and for which symbols.
function crossing(facts) {
  if (!facts.from || !facts.to) return null;
  const symbols = Array.isArray(facts.symbols) ? facts.symbols : [];
  return make(
    "div",
    {class: "crossing"},
    step("asks", facts.from),
    step("gets", facts.to),
    symbols.length ? step(plural(facts.count ?? symbols.length, "symbol"), symbols.join(" ")) : null,
  );
}

// Who was given whose library: the files that asked for its name, the file they meant, the file they got.
function capture(facts) {
  if (!facts.given) return null;
  const askers = Array.isArray(facts.askers) ? facts.askers : [];
  return make(
    "div",
    {class: "crossing"},
    ...askers.map((asker) => step("asks", asker)),
    step("for", facts.soname ?? ""),
    facts.wanted ? step("meant", facts.wanted) : null,
    step("gets", facts.given),
  );
}

function step(label, name) {
  return make("p", {}, make("span", {class: "where"}, label), " ", make("code", {}, name));
}

function without(facts, keys) {
  return Object.fromEntries(Object.entries(facts).filter(([key]) => !keys.includes(key)));
}

// --- facts of any shape ---

function factsOf(facts, isOpen, label = "What the bench said") {
  const names = Object.keys(facts).filter((name) => !isEmpty(facts[name]));
  if (!names.length) return null;
  return make("details", {class: "all-facts", open: isOpen}, make("summary", {}, label), tell(facts));
}

function isEmpty(value) {
  return value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);
}

function tell(value) {
  if (Array.isArray(value)) return make("ul", {}, ...value.map((one) => make("li", {}, tell(one))));
  if (value && typeof value === "object") {
    const terms = Object.entries(value).filter(([, one]) => !isEmpty(one));
    return make(
      "dl",
      {class: "facts"},
      ...terms.flatMap(([name, one]) => [make("dt", {}, name.replaceAll("_", " ")), make("dd", {}, tell(one))]),
    );
  }
  const text = String(value);
  return text.includes("\n") || text.length > LOG ? make("pre", {tabindex: 0}, text) : node(text);
}

function benchSection(bench) {
  return make(
    "details",
    {class: "check"},
    make("summary", {}, make("h3", {}, "The bench")),
    make(
      "dl",
      {class: "facts"},
      ...term("Bench", bench.id),
      ...term("C library", bench.libc),
      ...term("Image", bench.image),
      ...term("Where it came from", bench.origin),
      ...term("Arch", bench.emulated ? `${bench.arch}, emulated` : bench.arch),
      ...term("Life", bench.ending),
      ...term("Trouble", bench.trouble),
      ...term("Note", bench.foreseen ? "This bench could not be had; what is said of it is predicted." : ""),
    ),
  );
}
