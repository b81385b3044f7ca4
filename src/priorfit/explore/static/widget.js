// The figures of one page in a notebook: controls here, answers from Python.
function render({ model, el }) {
  const box = document.createElement("div");
  box.className = "priorfit-explore";
  box.innerHTML = `<div class="live"><div class="figures"></div><div class="side">
    <form class="controls">${model.get("first")}</form><section class="result" aria-live="polite"></section></div></div>`;
  // several widgets may stand on one page: no two with the same id
  const mine = `w${Math.random().toString(36).slice(2)}-`;
  for (const node of box.querySelectorAll("[id]")) node.id = mine + node.id;
  for (const node of box.querySelectorAll("[for]")) node.htmlFor = mine + node.getAttribute("for");
  for (const node of box.querySelectorAll("input[type=radio]")) node.name = mine + node.name;
  const inputs = [...box.querySelectorAll("[data-name]")];
  const show = () => {
    const parts = model.get("parts");
    box.querySelector(".figures").innerHTML = parts.figures ?? "";
    box.querySelector(".result").innerHTML = parts.result ?? "";
    const at = model.get("at");
    for (const input of inputs) {
      const value = at[input.dataset.name];
      if (input.type === "radio") input.checked = input.value === value;
      else if (input.type === "range") {
        input.value = JSON.parse(input.dataset.values).indexOf(value);
        const label = JSON.parse(input.dataset.labels)[input.value];
        const heard = input.dataset.heard.replace("#", label);
        input.setAttribute("aria-valuetext", parts.spoken ? `${heard}, ${parts.spoken}` : heard);
        box.querySelector(`[id$="o-${input.dataset.name}"]`).textContent = label;
      } else input.value = value;
    }
  };
  box.querySelector("form").addEventListener("click", (event) => {
    const button = event.target.closest("[data-next]");
    if (!button) return;
    const input = box.querySelector(`[data-name="${button.dataset.next}"]`);
    input.value = (Number(input.value) + 1) % (Number(input.max) + 1);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  box.querySelector("form").addEventListener("input", () => {
    const at = {};
    for (const input of inputs) {
      if (input.type === "radio" && !input.checked) continue;
      at[input.dataset.name] = input.type === "range"
        ? JSON.parse(input.dataset.values)[input.value] : input.value;
    }
    model.set("at", at);
    model.save_changes();
  });
  model.on("change:parts", show);
  show();
  el.replaceChildren(box);
}
export default { render };
