document.querySelectorAll("form.filters").forEach(form => {
  const rows = [...form.parentElement.querySelectorAll("tbody tr")], told = form.querySelector("output");
  const choose = () => {
    const chosen = [...form.elements].filter(one => one.value && one.name);
    let count = 0;
    rows.forEach(row => { row.hidden = !chosen.every(one => row.dataset[one.name] === one.value); count += !row.hidden; });
    told.textContent = count + " af " + rows.length + " rækker";
  };
  form.hidden = false; form.addEventListener("change", choose); choose();
});
