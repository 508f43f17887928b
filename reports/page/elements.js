// Elements are made here only. Every text becomes a text node, never markup: it may come from a wheel.

// Control, format and private characters could hide or turn what stands beside them.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu;

function visible(text) {
  return String(text).replace(HIDDEN, (letter) =>
    letter === "\n" || letter === "\t" ? letter : `\\u{${letter.codePointAt(0).toString(16)}}`,
  );
}

// make("td", {class: "x", title: "y"}, "text", another)
function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value !== null && value !== false) made.setAttribute(key, value === true ? "" : visible(value));
  }
  made.append(...children.filter((child) => child !== null && child !== "").map(node));
  return made;
}

function node(child) {
  return child instanceof Node ? child : document.createTextNode(visible(child));
}

function byId(id) {
  return document.getElementById(id);
}

// "not run" becomes "not-run": the class that gives a word its colour.
function slug(word) {
  return word.toLowerCase().replace(" (predicted)", "").replaceAll(" ", "-").replace(/^-$/, "left-out");
}

function chip(word, isPredicted) {
  return make(
    "span",
    {class: `chip word ${slug(word)}${isPredicted ? " predicted" : ""}`},
    word.replace(/^-$/, "left out"),
  );
}

function plural(number, word, words = `${word}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? word : words}`;
}

// A button that copies, and says so where a screen reader hears it.
function copyButton(text, label = "Copy") {
  const button = make("button", {type: "button", class: "copy", click: () => copy(text, button)}, label);
  return button;
}

async function copy(text, button) {
  const before = button.textContent;
  const done = await toClipboard(text, button);
  button.textContent = done ? "Copied" : "Press Ctrl+C";
  announce(done ? "Copied" : "The text is selected; press Ctrl+C to copy it.");
  setTimeout(() => {
    button.textContent = before;
  }, 2000);
}

async function toClipboard(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return selected(text, button);
  }
}

// Where the clipboard is closed to pages, an older way may be open.
function selected(text, button) {
  const field = make("textarea", {class: "aside", readonly: true, "aria-label": "Text to copy"});
  field.value = text;
  button.after(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  button.focus();
  return done;
}

function announce(text) {
  byId("said").textContent = text;
}
