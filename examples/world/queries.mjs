// Twenty queries over the world, each with an answer worked out in plain JavaScript from the same
// source data:  node queries.mjs URL IMPORT_FOLDER [--print]
// Prints each query's name and time, the first difference if there is one, and fails then.
import fs from 'node:fs';
import path from 'node:path';

const [url, folder, print] = process.argv.slice(2);
if (!url || !folder) {
  console.error('usage: node queries.mjs URL IMPORT_FOLDER [--print]');
  process.exit(2);
}
const tables = JSON.parse(fs.readFileSync(path.join(folder, 'countries.json'), 'utf8'));
const parseCsvLine = (line) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
  (m) => (m[1] === undefined ? m[2] : m[1].replaceAll('""', '"')),
);
const cities = fs.readFileSync(path.join(folder, 'cities.csv'), 'utf8').trimEnd().split('\n').slice(1)
  .map((line) => {
    const [id, name, lat, lng, country, region, district] = parseCsvLine(line);
    return { id: Number(id), name, lat: Number(lat), lng: Number(lng), country, region, district };
  });

// Text compares by UTF-8 bytes, which is the order of code points.
const byBytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const by = (...keys) => (a, b) => {
  for (const key of keys) {
    const [get, sign] = Array.isArray(key) ? key : [key, 1];
    const x = get(a), y = get(b);
    const order = typeof x === 'string' ? byBytes(x, y) : x - y;
    if (order) return sign * order;
  }
  return 0;
};
const byId = by((r) => r.id);
const index = (rows) => new Map(rows.map((r) => [r.id, r]));
const country = index(tables.Country), region = index(tables.Region);
const language = index(tables.Language), currency = index(tables.Currency);
const sorted = (rows, order = byId) => [...rows].sort(order);
const name = (r) => ({ name: r.name });
const inBox = (c, south, north, west, east) =>
  c.lat >= south && c.lat <= north && c.lng >= west && c.lng <= east;

const queries = [
  ['a country by its key', '{ country(id: "FR") { name capital area landlocked } }',
    () => ({ country: (({ name, capital, area, landlocked }) => ({ name, capital, area, landlocked }))(country.get('FR')) })],
  ['a country by its unique name', '{ countryByName(name: "Peru") { id officialName } }',
    () => ({ countryByName: (({ id, officialName }) => ({ id, officialName }))(tables.Country.find((c) => c.name === 'Peru')) })],
  ['nobody', '{ country(id: "??") { name } cityList: cities(where: {name: {eq: "Nowhere at all"}}) { id } }',
    () => ({ country: null, cityList: [] })],
  ['a city and all it lies in', '{ city(id: 100000) { name lat lng country { name } region { name } district { name } } }',
    () => {
      const c = cities[99999];
      const d = tables.District.find((x) => x.id === c.district);
      return { city: { name: c.name, lat: c.lat, lng: c.lng, country: name(country.get(c.country)), region: c.region ? name(region.get(c.region)) : null, district: d ? name(d) : null } };
    }],
  ['cities of one name', '{ cities(where: {name: {eq: "Springfield"}}, orderBy: [{lat: ASC}]) { id lat } }',
    () => ({ cities: sorted(cities.filter((c) => c.name === 'Springfield'), by((c) => c.lat, (c) => c.id)).map(({ id, lat }) => ({ id, lat })) })],
  ['cities in a box', '{ cities(where: {lat: {gte: 47, lte: 48}, lng: {gte: 8, lte: 9}}, orderBy: [{name: ASC}], limit: 50) { name lat lng } }',
    () => ({ cities: sorted(cities.filter((c) => inBox(c, 47, 48, 8, 9)), by((c) => c.name, (c) => c.id)).slice(0, 50).map(({ name, lat, lng }) => ({ name, lat, lng })) })],
  ['the northernmost', '{ cities(orderBy: [{lat: DESC}], limit: 5) { name lat country { id } } }',
    () => ({ cities: sorted(cities, by([(c) => c.lat, -1], (c) => c.id)).slice(0, 5).map((c) => ({ name: c.name, lat: c.lat, country: { id: c.country } })) })],
  ['a prefix', '{ cities(where: {name: {startsWith: "San J"}}, orderBy: [{name: ASC}], limit: 20, offset: 10) { name } }',
    () => ({ cities: sorted(cities.filter((c) => c.name.startsWith('San J')), by((c) => c.name, (c) => c.id)).slice(10, 30).map(name) })],
  ['letters inside, any case', '{ cities(where: {name: {ilike: "%zürich%"}}) { id name } }',
    () => ({ cities: cities.filter((c) => c.name.toLowerCase().includes('zürich')).map(({ id, name }) => ({ id, name })) })],
  ['neighbours', '{ country(id: "CH") { borders(orderBy: [{name: ASC}]) { name } } }',
    () => ({ country: { borders: sorted(country.get('CH').borders.map((b) => country.get(b)), by((c) => c.name)).map(name) } })],
  ['neighbours of neighbours', '{ country(id: "PT") { borders { id borders(orderBy: [{id: DESC}]) { id } } } }',
    () => ({ country: { borders: country.get('PT').borders.map((b) => ({ id: b, borders: sorted(country.get(b).borders, byBytes).reverse().map((id) => ({ id })) })) } })],
  ['languages', '{ country(id: "ZA") { languages(orderBy: [{name: ASC}]) { name } currencies { id symbol } } }',
    () => ({ country: { languages: sorted(country.get('ZA').languages.map((l) => language.get(l)), by((l) => l.name)).map(name), currencies: sorted(country.get('ZA').currencies.map((c) => currency.get(c))).map(({ id, symbol }) => ({ id, symbol })) } })],
  ['where a language is spoken', '{ language(id: "por") { name countries(orderBy: [{name: ASC}]) { name } } }',
    () => ({ language: { name: 'Portuguese', countries: sorted(tables.Country.filter((c) => c.languages.includes('por')), by((c) => c.name)).map(name) } })],
  ['by a to-many relation', '{ countries(where: {currencies: {some: {id: {eq: "EUR"}}}, landlocked: {eq: true}}) { name } }',
    () => ({ countries: sorted(tables.Country.filter((c) => c.landlocked && c.currencies.includes('EUR'))).map(name) })],
  ['by every one', '{ countries(where: {languages: {every: {id: {in: ["deu", "fra", "ita"]}}}, continent: {eq: "Europe"}}) { id } }',
    () => ({ countries: sorted(tables.Country.filter((c) => c.continent === 'Europe' && c.languages.every((l) => ['deu', 'fra', 'ita'].includes(l)))).map(({ id }) => ({ id })) })],
  ['by none', '{ countries(where: {cities: {none: {lat: {lt: 85}}}}) { id } }',
    () => ({ countries: sorted(tables.Country.filter((c) => !cities.some((x) => x.country === c.id && x.lat < 85))).map(({ id }) => ({ id })) })],
  ['order by a relation', '{ regions(where: {name: {startsWith: "West"}}, orderBy: [{country: {name: DESC}}, {name: ASC}], limit: 12) { name country { name } } }',
    () => ({ regions: sorted(tables.Region.filter((r) => r.name.startsWith('West')), by([(r) => country.get(r.country).name, -1], (r) => r.name, (r) => r.id)).slice(0, 12).map((r) => ({ name: r.name, country: name(country.get(r.country)) })) })],
  ['three levels', '{ countries(where: {id: {in: ["LI", "MC"]}}) { name regions { name cities(limit: 2, orderBy: [{name: ASC}]) { name } } } }',
    () => ({ countries: ['LI', 'MC'].map((id) => ({ name: country.get(id).name, regions: sorted(tables.Region.filter((r) => r.country === id)).map((r) => ({ name: r.name, cities: sorted(cities.filter((c) => c.region === r.id), by((c) => c.name, (c) => c.id)).slice(0, 2).map(name) })) })) })],
  ['a list of scalars', '{ countries(where: {capital: {has: "Pretoria"}}) { name capital } }',
    () => ({ countries: tables.Country.filter((c) => c.capital.includes('Pretoria')).map(({ name, capital }) => ({ name, capital })) })],
  ['logic', '{ countries(where: {and: [{area: {gt: 1000000}}, {not: {continent: {in: ["Africa", "Americas"]}}}, {or: [{landlocked: {eq: true}}, {subregion: {like: "%Asia"}}]}]}, orderBy: [{area: DESC}]) { name area } }',
    () => ({ countries: sorted(tables.Country.filter((c) => c.area > 1000000 && !['Africa', 'Americas'].includes(c.continent) && (c.landlocked || /Asia$/.test(c.subregion || ''))), by([(c) => c.area, -1])).map(({ name, area }) => ({ name, area })) })],
];

let failed = 0;
for (const [title, query, answer] of queries) {
  const started = performance.now();
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const got = await response.text();
  const time = performance.now() - started;
  const expected = JSON.stringify({ data: answer() });
  const ok = got === expected;
  if (!ok) failed++;
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${time.toFixed(1).padStart(7)} ms  ${title}`);
  if (print) console.log(`     ${query}\n     ${got.slice(0, 400)}`);
  if (!ok) console.log(`     expected ${expected.slice(0, 400)}\n     got      ${got.slice(0, 400)}`);
}
console.log(`${queries.length - failed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
