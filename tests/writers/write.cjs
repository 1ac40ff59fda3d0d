// Files as SheetJS and exceljs write them, from the tables on stdin: node write.cjs FOLDER
// (NODE_PATH names the folder of the packages; ``test_real_writers.py`` says what must come of each).
const fs = require("fs");
const path = require("path");
const ExcelJS = require("exceljs");
const XLSX = require("xlsx");

const tables = JSON.parse(fs.readFileSync(0, "utf8"));
const folder = process.argv[2];
const file = (name) => path.join(folder, name);
const rowsOf = (source) => [tables[source].headings, ...tables[source].rows];

// the table with the values of some columns changed; an empty value stays empty
function changed(source, changes) {
  const { headings, rows } = tables[source];
  const change = headings.map((heading) => changes[heading] ?? ((value) => value));
  return [headings, ...rows.map((row) => row.map((value, at) => (value ? change[at](value) : null)))];
}

const midnight = (text) => new Date(`${text}T00:00:00Z`);
const firstOf = (text) => new Date(`${text}-01T00:00:00Z`);
const eveningBefore = (text) => new Date(midnight(text).getTime() - 3600 * 1000);
const days = { visitationsdato: midnight, slutdato: midnight };

function sheetjs(name, rows, options = {}, sheetOptions = {}) {
  const book = XLSX.utils.book_new();
  XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet(rows, sheetOptions), "Ark1");
  fs.writeFileSync(file(name), XLSX.write(book, { type: "buffer", bookType: "xlsx", ...options }));
}

async function exceljs(name, rows, shape = () => {}) {
  const book = new ExcelJS.Workbook();
  const sheet = book.addWorksheet("Ark1");
  rows.forEach((row) => sheet.addRow(row));
  shape(sheet, book);
  await book.xlsx.writeFile(file(name));
}

async function streamed(name, rows) {
  const options = { filename: file(name), useSharedStrings: false, useStyles: true };
  const book = new ExcelJS.stream.xlsx.WorkbookWriter(options);
  const sheet = book.addWorksheet("Ark1");
  rows.forEach((row) => sheet.addRow(row).commit());
  await book.commit();
}

async function write() {
  sheetjs("sheetjs-text", rowsOf("deltagere"));
  sheetjs("sheetjs-shared", rowsOf("deltagere"), { bookSST: true, compression: true });
  sheetjs("sheetjs-iso-days", changed("deltagere", days), { cellDates: true }, { cellDates: true });
  sheetjs("sheetjs-evening", changed("deltagere", { ...days, visitationsdato: eveningBefore }),
    { cellDates: true }, { cellDates: true });
  sheetjs("sheetjs-months", changed("resultatkrav", { maaned: firstOf }), { cellDates: true },
    { cellDates: true });
  sheetjs("sheetjs-numbers", changed("deltagere", { cpr: (text) => Number(text.replace("-", "")) }));
  sheetjs("sheetjs-xls", rowsOf("deltagere"), { bookType: "biff8" });
  sheetjs("sheetjs-ods", rowsOf("deltagere"), { bookType: "ods" });
  const spells = XLSX.utils.aoa_to_sheet(rowsOf("ydelsesforloeb"));
  fs.writeFileSync(file("sheetjs-csv"), XLSX.utils.sheet_to_csv(spells, { FS: ";" }));
  fs.writeFileSync(file("sheetjs-commas"), XLSX.utils.sheet_to_csv(spells));

  await exceljs("exceljs-text", rowsOf("deltagere"));
  await exceljs("exceljs-days", changed("deltagere", days));
  await exceljs("exceljs-evening", changed("deltagere", { ...days, visitationsdato: eveningBefore }));
  await exceljs("exceljs-months", changed("resultatkrav", { maaned: firstOf }), (sheet) => {
    sheet.getColumn(3).numFmt = "mmm-yy";
  });
  await exceljs("exceljs-1904", changed("deltagere", days), (_, book) => {
    book.properties.date1904 = true;
  });
  await exceljs("exceljs-rich", changed("deltagere", {
    forloeb_id: (text) => ({ richText: [{ font: { bold: true }, text: text.slice(0, 2) }, { text: text.slice(2) }] }),
  }));
  await exceljs("exceljs-truth", changed("resultatkrav", { krav: (text) => text === "ja" }));
  await exceljs("exceljs-formula", rowsOf("deltagere"), (sheet) => {
    sheet.getCell("B3").value = { formula: 'CONCATENATE("F-","002")', result: "F-002" };
  });
  await exceljs("exceljs-note", rowsOf("deltagere"), (sheet) => {
    sheet.getCell("I3").value = "husk at ringe";
  });
  await exceljs("exceljs-widened", rowsOf("deltagere"), (sheet) => {
    sheet.views = [{ state: "frozen", ySplit: 1 }];
    sheet.autoFilter = "A1:G1";
    sheet.getColumn(9).width = 30;
    sheet.getCell("B2").note = "en kommentar";
  });
  await streamed("exceljs-streamed", changed("deltagere", days));
}

write();
