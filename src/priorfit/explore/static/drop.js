// A file dropped anywhere on the page goes the way of the form.
const form = document.getElementById("drop");
const file = document.getElementById("file");
const over = (on) => form.classList.toggle("over", on);
addEventListener("dragover", (event) => { event.preventDefault(); over(true); });
addEventListener("dragleave", (event) => { if (!event.relatedTarget) over(false); });
addEventListener("drop", (event) => {
  event.preventDefault();
  over(false);
  if (!event.dataTransfer.files.length) return;
  file.files = event.dataTransfer.files;
  form.requestSubmit();
});
file.addEventListener("change", () => { if (file.files.length) form.requestSubmit(); });
