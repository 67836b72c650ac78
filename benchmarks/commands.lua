-- Commands on a number of contexts. Each is stored, in order. Then they are updated: nine of ten updates are about one of
-- a tenth of them, chosen by chance; which tenth that is moves on through all of them. Each tenth update is about any.
-- wrk --script commands.lua URL -- BEGIN CONTEXTS STORES UPDATES
-- BEGIN: how many commands there were before. STORES: a file that has in each line what follows the key in the body of
-- a store. UPDATES: one that has in each line the body of an update.
local number, contexts
local stores, updates = {}, {}
local headers = { ["Content-Type"] = "application/json" }

local function read(name, lines)
    for line in io.lines(name) do
        lines[#lines + 1] = line
    end
end

function init(arguments)
    -- The first request that wrk asks for it only looks at.
    number, contexts = tonumber(arguments[1]) - 1, tonumber(arguments[2])
    read(arguments[3], stores)
    read(arguments[4], updates)
    math.randomseed(number)
end

function request()
    number = number + 1
    if number <= contexts then
        local body = '{"key":"context-' .. number .. '",' .. stores[number % #stores + 1]
        return wrk.format("POST", "/api/context/store", headers, body)
    end
    -- The last ones may be on their way to be stored still.
    local stored = math.max(1, contexts - 1000)
    local one = math.random(stored)
    if number % 10 > 0 then
        local moved = math.floor((number - contexts) / 9)
        one = (moved + math.random(math.ceil(contexts / 10))) % stored + 1
    end
    return wrk.format("PUT", "/api/context/update?key=context-" .. one, headers, updates[number % #updates + 1])
end
