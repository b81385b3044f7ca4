// One page: read the controls, ask the library, show what it says, keep the address in step.
const root = document.querySelector("[data-page]");
const form = document.getElementById("controls");
const still = matchMedia("(prefers-reduced-motion: reduce)");
document.documentElement.classList.add("js");

const inputs = () => [...form.querySelectorAll("[data-name]")];
const values = (input) => JSON.parse(input.dataset.values);

// a page of files has its answers in one file; a page of the server asks the library
const unpacked = (reply) => new Response(reply.body.pipeThrough(new DecompressionStream("gzip"))).json();
const grid = root.dataset.grid ? fetch(root.dataset.grid).then(unpacked) : null;
async function answer(query) {
  if (grid) {
    const { pieces, states } = await grid;
    const [figures, result, more, spoken] = states[[...query.values()].join("|")];
    return { figures: figures.map((k) => pieces[k]).join(""), result: pieces[result], more: pieces[more],
      spoken: pieces[spoken] };
  }
  query.set("lang", root.dataset.lang);
  const reply = await fetch(`${root.dataset.api}?${query}`);
  if (!reply.ok) throw new Error(reply.status);
  return reply.json();
}

function show(input, spoken = "") {
  if (input.type !== "range") return;
  const label = JSON.parse(input.dataset.labels)[input.value];
  document.getElementById(`o-${input.dataset.name}`).textContent = label;
  const heard = input.dataset.heard.replace("#", label);
  input.setAttribute("aria-valuetext", spoken ? `${heard}, ${spoken}` : heard);
}

function state() {
  const query = new URLSearchParams(root.dataset.fixed || "");
  for (const input of inputs()) {
    if (input.type === "radio" && !input.checked) continue;
    const value = input.type === "range" ? values(input)[input.value] : input.value;
    query.set(input.dataset.name, value);
  }
  return query;
}

let busy = false;
let wanted = false;

async function update() {
  if (busy) { wanted = true; return; }
  busy = true;
  const query = state();
  history.replaceState(null, "", `?${query}${location.hash}`);
  follow(query);
  try {
    fill(await answer(query));
    document.querySelector(".offline").hidden = true;
    more();
  } catch {
    document.querySelector(".offline").hidden = false;
  }
  busy = false;
  if (wanted) { wanted = false; update(); }
}

// the link to the other language keeps the state
function follow(query) {
  const link = document.querySelector("a.lang");
  const target = new URL(link.href);
  target.search = query;
  link.href = target;
}

// intervals of a posterior take longer: they are asked for when the hand rests
let later = 0;
function more() {
  clearTimeout(later);
  if (!root.dataset.later) return;
  later = setTimeout(async () => {
    const query = state();
    const asked = query.toString();
    query.set("lang", root.dataset.lang);
    query.set("draws", "true");
    const reply = await fetch(`${root.dataset.api}?${query}`).catch(() => null);
    if (reply?.ok && state().toString() === asked) fill(await reply.json());
  }, 350);
}

let timer = 0;
function fill(answer) {
  if (!wanted) for (const input of inputs()) show(input, answer.spoken);
  const figures = document.getElementById("figures");
  const before = pictures(figures);
  figures.innerHTML = answer.figures;
  if (!still.matches && !dragging) morph(before, pictures(figures));
  clearTimeout(timer); // what is read aloud waits until the hand rests
  timer = setTimeout(() => { document.getElementById("result").innerHTML = answer.result; }, dragging ? 120 : 40);
  const more = document.getElementById("more");
  const open = [...more.querySelectorAll("details")].map((d) => d.open);
  more.innerHTML = answer.more;
  more.querySelectorAll("details").forEach((d, i) => { if (open.length) d.open = open[i]; });
}

const pictures = (figures) => [...figures.querySelectorAll("svg.plot")].map((svg) => ({
  svg, paths: new Map([...svg.querySelectorAll("path[data-k]")].map((p) => [p.dataset.k, p])),
}));

// curves move from what they were to what they are, where they have as many points
let running = 0;
function morph(before, after) {
  const moves = [];
  after.forEach((picture, i) => {
    const old = before[i];
    if (!old || !picture.svg.clientWidth) return;
    for (const [k, path] of picture.paths) {
      const was = old.paths.get(k)?.getAttribute("d");
      const is = path.getAttribute("d");
      if (!was || was === is) continue;
      const from = was.match(/-?[\d.]+/g)?.map(Number);
      const to = is.match(/-?[\d.]+/g)?.map(Number);
      if (!from || !to || from.length !== to.length || from.length > 3000) continue;
      moves.push({ path, from, to, is });
    }
  });
  const mine = ++running;
  const start = performance.now();
  const frame = (now) => {
    const t = Math.min((now - start) / 160, 1);
    const share = 1 - (1 - t) ** 3;
    for (const { path, from, to, is } of moves) {
      if (t === 1 || mine !== running) { path.setAttribute("d", is); continue; }
      let i = 0;
      path.setAttribute("d", is.replace(/-?[\d.]+/g, () => {
        const v = from[i] + (to[i] - from[i]) * share; i += 1; return v.toFixed(1);
      }));
    }
    if (t < 1 && mine === running) requestAnimationFrame(frame);
  };
  if (moves.length) frame(start);
}

form?.addEventListener("input", (event) => {
  if (!event.target.dataset.name) return;
  show(event.target);
  update();
});
form?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-next]");
  if (!button) return;
  const input = form.querySelector(`[data-name="${button.dataset.next}"]`);
  input.value = (Number(input.value) + 1) % (Number(input.max) + 1);
  show(input);
  update();
});
form?.addEventListener("submit", (event) => event.preventDefault());
form?.addEventListener("reset", (event) => {
  event.preventDefault();
  for (const input of inputs()) {
    if (input.type === "radio") input.checked = Boolean(input.dataset.default);
    else input.value = input.dataset.default;
    show(input);
  }
  update();
});

// points of a figure move two controls; the sliders do the same from the keyboard
let dragging = null;
root.addEventListener("pointerdown", (event) => {
  const handle = event.target.closest?.(".handle");
  if (!handle) return;
  event.preventDefault();
  const svg = handle.ownerSVGElement;
  dragging = {
    names: handle.dataset.drag.split(" "),
    box: svg.viewBox.baseVal.width,
    x: svg.dataset.x.split(" ").map(Number),
    y: svg.dataset.y.split(" ").map(Number),
    figure: handle.closest("figure").id,
  };
});
addEventListener("pointermove", (event) => {
  if (!dragging) return;
  const svg = [...document.querySelectorAll(`#${dragging.figure} svg`)].find((s) => s.clientWidth);
  const rect = svg.getBoundingClientRect();
  const scale = dragging.box / rect.width;
  const place = [(event.clientX - rect.left) * scale, (event.clientY - rect.top) * scale];
  dragging.names.forEach((name, i) => {
    const [lo, hi, a, b] = i ? dragging.y : dragging.x;
    const value = lo + ((place[i] - a) / (b - a)) * (hi - lo);
    const input = form.querySelector(`[data-name="${name}"]`);
    const all = values(input);
    let best = 0;
    all.forEach((v, j) => { if (Math.abs(v - value) < Math.abs(all[best] - value)) best = j; });
    input.value = best;
    show(input);
  });
  update();
});
addEventListener("pointerup", () => { dragging = null; });
addEventListener("pointercancel", () => { dragging = null; });

// the guess before the figure tells
const prompt = document.querySelector(".prompt");
prompt?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-guess]");
  if (!button) return;
  prompt.querySelectorAll("[data-guess]").forEach((b) => b.setAttribute("aria-pressed", String(b === button)));
  const told = prompt.querySelector(".told");
  const right = button.dataset.guess === prompt.dataset.right;
  told.querySelector(".verdict").textContent = right ? told.dataset.yes : told.dataset.no;
  told.classList.add("open");
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest(".copy");
  if (!button) return;
  await navigator.clipboard?.writeText(button.parentElement.querySelector("code").textContent);
  const was = button.textContent;
  button.textContent = button.dataset.copied;
  setTimeout(() => { button.textContent = was; }, 1500);
});

if (root.dataset.later === "ask") more();

// a page of files does not know its address: the script puts the controls where it says
if (grid && location.search) {
  const asked = new URLSearchParams(location.search);
  for (const input of inputs()) {
    const value = asked.get(input.dataset.name);
    if (value === null) continue;
    if (input.type === "radio") input.checked = input.value === value;
    else if (input.type === "range") {
      const distances = values(input).map((v) => Math.abs(v - Number(value)));
      input.value = distances.indexOf(Math.min(...distances));
    } else input.value = value;
    show(input);
  }
  update();
}
