// Turns the import of examples/world into one file of tab-separated rows that both engines load:
//   node rows.mjs IMPORT_FOLDER OUT
// The first column says what a row is: language, money (currency), country, border, speaks, pays,
// region, district, city. An empty column is null; names of capitals are joined by '|'.
import fs from 'node:fs';
import path from 'node:path';

const [folder, out] = process.argv.slice(2);
if (!folder || !out) {
  console.error('usage: node rows.mjs IMPORT_FOLDER OUT');
  process.exit(2);
}
const tables = JSON.parse(fs.readFileSync(path.join(folder, 'countries.json'), 'utf8'));
const cities = fs.readFileSync(path.join(folder, 'cities.csv'), 'utf8').trimEnd().split('\n').slice(1);
const columns = (line) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
  (m) => (m[1] === undefined ? m[2] : m[1].replaceAll('""', '"')),
);
const row = (...values) => {
  const texts = values.map((v) => (v === null ? '' : String(v)));
  if (texts.some((t) => /[\t\n]/.test(t))) throw new Error(`a tab or a line break in ${texts}`);
  return texts.join('\t');
};
const lines = [
  ...tables.Language.map((l) => row('language', l.id, l.name)),
  ...tables.Currency.map((c) => row('money', c.id, c.name, c.symbol)),
  ...tables.Country.map((c) => row('country', c.id, c.name, c.officialName, c.continent,
    c.subregion, c.area, Number(c.landlocked), c.capital.join('|'))),
  ...tables.Country.flatMap((c) => c.borders.map((b) => row('border', c.id, b))),
  ...tables.Country.flatMap((c) => c.languages.map((l) => row('speaks', c.id, l))),
  ...tables.Country.flatMap((c) => c.currencies.map((m) => row('pays', c.id, m))),
  ...tables.Region.map((r) => row('region', r.id, r.name, r.country)),
  ...tables.District.map((d) => row('district', d.id, d.name, d.region)),
  ...cities.map((line) => row('city', ...columns(line))),
];
fs.writeFileSync(out, lines.join('\n') + '\n');
