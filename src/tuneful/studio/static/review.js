// Shows an item, takes a verdict, and shows the next once the verdict is on disk. Every text is put
// in as text, never as markup. What is shown comes in this person's own order; whose it is, this
// page is never told.

import { differences } from "./differences.js";

const $ = (id) => document.getElementById(id);
const QUESTIONS = {
  prefer: "Which answer is better?",
  rank: "In which order, best first?",
  rate: "How good is this answer?",
};
const RATINGS = ["Bad", "Poor", "Fair", "Good", "Excellent"];
const PLACES = ["1st", "2nd", "3rd"];
const KEYS = { Backspace: "\u232b", Enter: "Enter" };
const WHO = { user: "User", assistant: "Assistant", system: "System", tool: "Tool" };

let rater = sessionStorage.getItem("rater") ?? "";
let state = null;      // what the server said last
let shownAt = 0;       // when, in milliseconds
let isBusy = false;    // a verdict is on its way
let placed = [];       // of a ranking: [answer, is it tied with the one before]
let isTie = false;     // the next answer shares the place of the one before
let marks = false, shows = false;

async function ask(call, body = {}) {
  if (isBusy) return;
  isBusy = true;
  trouble("");
  try {
    const reply = await fetch(call, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ rater, ...body }),
    });
    const said = await reply.json();
    if (!reply.ok) throw new Error(said.error);
    state = said;
    show();
  } catch (error) {
    const lost = error instanceof TypeError;
    trouble(lost ? "Not saved: the server does not answer. Start it again, then press the key again."
      : `Not saved: ${error.message}`);
    if (!state) welcome();
  } finally {
    isBusy = false;
  }
}

function trouble(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
  if (text) $("bar").hidden = false;
}

function element(tag, text = "", name = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

function only(id) {
  for (const part of ["welcome", "item", "end"]) $(part).hidden = part !== id;
}

function welcome() {
  only("welcome");
  $("rater").value = rater;
  $("rater").focus();
}

function show() {
  const { done, total, ask: asked, at } = state;
  $("progress").hidden = false;
  $("progress").setAttribute("aria-valuemax", total);
  $("progress").setAttribute("aria-valuenow", done);
  $("progress").firstElementChild.style.width = `${(100 * done) / total}%`;
  placed = [];
  isTie = false;
  $("note").value = state.note ?? "";
  $("noting").hidden = !state.note;
  $("bar").hidden = false;
  if (at === undefined) return end();
  only("item");
  document.title = `Review, ${done} of ${total}`;
  $("question").textContent = QUESTIONS[asked];
  $("where").textContent = `${done} of ${total} judged by ${rater}`;
  turns();
  $("reference").lastElementChild.textContent = state.reference;
  answers();
  buttons();
  shownAt = performance.now();
  scrollTo(0, 0);
  $("question").focus({ preventScroll: true });
  $("live").textContent = `Item ${done + 1} of ${total}.`;
}

function end() {
  only("end");
  document.title = "Review, all done";
  $("thanks").textContent = `Thank you, ${rater}. ${state.total} of ${state.total} items are judged.`;
  buttons();
  $("end").querySelector("h1").focus();
}

function turns() {
  $("prompt").replaceChildren(...state.prompt.map(({ role, text }) => {
    const turn = element("div", "", "turn");
    turn.append(element("p", WHO[role] ?? role, "role"), element("div", text, "text"));
    return turn;
  }));
  $("prompt").scrollTop = 0;
}

function answers() {
  const texts = state.answers;
  const marked = marks && texts.length === 2 ? differences(...texts) : null;
  $("answers").className = texts.length === 1 ? "one" : "";
  $("answers").replaceChildren(...texts.map((text, number) => {
    const card = element("article", "", "answer");
    const title = element("h2", texts.length > 1 ? `Answer ${number + 1}` : "Answer");
    const body = element("div", "", text.trim() ? "text" : "text nothing");
    if (marked) body.append(...marked[number].map(([word, own]) => own ? element("mark", word) : word));
    else body.textContent = text.trim() ? text : "says nothing";
    title.append(element("span", "", "place"));
    card.append(title, body);
    return card;
  }));
  if (marks && texts.length === 2 && !marked) trouble("Too long to compare word by word.");
  places();
}

// A ranking so far: each answer's place; answers of one place share it.
function ranks() {
  const found = state.answers.map(() => 0);
  placed.forEach(([answer, tied], order) => {
    found[answer] = tied ? found[placed[order - 1][0]] : order + 1;
  });
  return found;
}

function places() {
  if (state.ask !== "rank") return;
  ranks().forEach((rank, number) => {
    const card = $("answers").children[number];
    card.classList.toggle("placed", rank > 0);
    card.querySelector(".place").textContent = rank ? PLACES[rank - 1] ?? `${rank}th` : "";
  });
}

function place(number) {
  if (placed.some(([answer]) => answer === number)) return;
  placed.push([number, isTie && placed.length > 0]);
  isTie = false;
  places();
  buttons();
  const rank = ranks()[number];
  $("live").textContent = `Answer ${number + 1} is ${PLACES[rank - 1] ?? `${rank}th`}.`;
}

function judge(numbers, isBad = false) {
  const seconds = (performance.now() - shownAt) / 1000;
  ask("judge", { at: state.at, numbers, is_bad: isBad, note: $("note").value, seconds });
}

// What can be done now: [key, label, what it does, further keys, is it on, is it off, its meaning].
function verdicts() {
  if (state.at === undefined) return [];
  if (state.ask === "rate") return RATINGS.map((word, n) => [`${n + 1}`, word, () => judge([n + 1])]);
  const all = state.answers.map(() => 1);
  if (state.ask === "prefer") {
    return [
      ["1", "Answer 1", () => judge([1, 2]), ["ArrowLeft"], false, false, "Answer 1 is better"],
      ["t", "Tie", () => judge(all), ["="]],
      ["b", "Both bad", () => judge(all, true)],
      ["2", "Answer 2", () => judge([2, 1]), ["ArrowRight"], false, false, "Answer 2 is better"],
    ];
  }
  const isWhole = placed.length === all.length;
  return [
    ...all.map((_, n) => [`${n + 1}`, `Answer ${n + 1}`, () => place(n), [], false,
      placed.some(([answer]) => answer === n)]),
    ["=", "Tied", () => { isTie = !isTie; buttons(); }, [], isTie,
      !placed.length || isWhole],
    ["Backspace", "Take back", () => { placed.pop(); isTie = false; places(); buttons(); }, [], false,
      !placed.length],
    ["b", "All bad", () => judge(all, true)],
    ["Enter", "Save", () => judge(ranks()), [], "primary", !isWhole],
  ];
}

function tools() {
  const undo = ["u", "Undo", () => ask("undo"), [], false, !state.done];
  if (state.at === undefined) return [undo];
  const found = [undo, ["s", "Later", () => ask("show", { after: state.at })]];
  if (state.answers.length === 2) found.push(["d", "Differences", mark, [], marks]);
  if (state.reference) found.push(["r", "Reference", refer, [], shows]);
  return [...found, ["n", "Note", write]];
}

function mark() {
  marks = !marks;
  answers();
  buttons();
}

function refer() {
  shows = !shows;
  buttons();
}

function write() {
  $("noting").hidden = false;
  $("note").focus();
  $("note").scrollIntoView({ block: "nearest" });
}

function buttons() {
  const isSwitch = ["d", "r", "="];
  const made = ([key, label, act, , on, off, meant]) => {
    const button = element("button", "", on === "primary" ? "primary" : "");
    button.type = "button";
    button.append(element("span", label, "word"), element("kbd", KEYS[key] ?? key.toUpperCase()));
    button.setAttribute("aria-keyshortcuts", key);
    button.setAttribute("aria-label", meant ?? label);
    if (isSwitch.includes(key)) button.setAttribute("aria-pressed", Boolean(on));
    button.disabled = Boolean(off);
    button.addEventListener("click", act);
    return button;
  };
  $("verdicts").className = { rate: "five", prefer: "pair" }[state.ask] ?? "many";
  $("verdicts").replaceChildren(...verdicts().map(made));
  $("tools").replaceChildren(...tools().map(made));
  $("reference").hidden = !(shows && state.reference);
}

document.addEventListener("keydown", (event) => {
  if (event.target === $("note")) {
    if (event.key === "Escape") $("question").focus();
    return;
  }
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!state || !$("welcome").hidden) return;
  const isButton = event.target instanceof HTMLButtonElement;
  if (isButton && (event.key === "Enter" || event.key === " ")) return; // it is pressed as a button
  const scrolls = event.target === $("prompt") && event.key.startsWith("Arrow");
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const found = [...verdicts(), ...tools()].find(([own, , , more = []]) => own === key || more.includes(key));
  if (!found || found[5] || isBusy || scrolls) return;
  event.preventDefault();
  found[2]();
});

$("hello").addEventListener("submit", (event) => {
  event.preventDefault();
  rater = $("rater").value.trim().replace(/\s+/g, " ");
  if (!rater) return;
  sessionStorage.setItem("rater", rater);
  ask("show");
});

if (rater) ask("show");
else welcome();
