// Menus above a table of verdicts: shows the rows that fit every choice, and counts them.
// Without scripts the menus stay hidden and all rows stand.
document.addEventListener("DOMContentLoaded", () => {
  for (const form of document.querySelectorAll("form.choose")) {
    const menus = [...form.querySelectorAll("select")];
    const rows = [...form.nextElementSibling.querySelectorAll("tr[data-kinds]")];
    const show = () => {
      let left = 0;
      for (const row of rows) {
        const kinds = row.dataset.kinds.split("|");
        const fits = menus.every((menu, i) => !menu.value || menu.value === kinds[i]);
        row.hidden = !fits;
        left += fits;
      }
      form.querySelector("output").textContent = `${left} of ${rows.length} claims`;
    };
    form.addEventListener("change", show);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    show();
  }
});
