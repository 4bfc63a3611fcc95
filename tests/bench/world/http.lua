-- Requests of one KIND with random variables, and a look at every answer's status and errors.
local documents = {
  point = "query Point($id: Int!) { city(id: $id) { id name lat lng } }",
  range = "query Range($lng: Float!) { cities(where: {lng: {gte: $lng}}, orderBy: [{lng: ASC}], "
    .. "limit: 100) { id name lat lng } }",
  nested = "query Nested($id: ID!) { region(id: $id) { name districts(limit: 5) "
    .. "{ name cities(limit: 5) { name lat lng } } } }",
}
local kind = os.getenv("KIND")
local cities = tonumber(os.getenv("CITIES"))
local regions = {}
for line in io.lines(os.getenv("REGIONS")) do regions[#regions + 1] = line end

local variables = {
  point = function() return '"id":' .. math.random(1, cities) end,
  range = function() return '"lng":' .. math.random(-17000, 16900) / 100 end,
  nested = function() return '"id":"' .. regions[math.random(#regions)] .. '"' end,
}
local head = '{"query":"' .. documents[kind] .. '","variables":{'
local make = variables[kind]

wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"

function request()
  return wrk.format(nil, nil, nil, head .. make() .. "}}")
end

-- One thread sums up its own answers; a body is looked at now and then.
local threads = {}
function setup(thread) table.insert(threads, thread) end
bad, seen = 0, 0
function response(status, headers, body)
  seen = seen + 1
  if status ~= 200 or (seen % 97 == 1 and body:sub(1, 8) ~= '{"data":') then
    bad = bad + 1
    if bad == 1 then print(status, body) end
  end
end
function done(summary)
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write
    + summary.errors.status + summary.errors.timeout
  for _, thread in ipairs(threads) do
    errors = errors + thread:get("bad")
    if thread:get("seen") == 0 then errors = errors + 1 end
  end
  print(errors == 0 and "answers without errors" or "errors: " .. errors)
end
