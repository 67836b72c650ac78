-- Stores, each under a key of its own. wrk --script store.lua URL -- PREFIX FILE
-- FILE has in each line what follows the key in the body of a request.
local prefix, rests, count = nil, {}, 0
local headers = { ["Content-Type"] = "application/json" }

function init(arguments)
    prefix = arguments[1]
    for line in io.lines(arguments[2]) do
        rests[#rests + 1] = line
    end
end

function request()
    count = count + 1
    local body = '{"key":"' .. prefix .. count .. '",' .. rests[count % #rests + 1]
    return wrk.format("POST", nil, headers, body)
end
