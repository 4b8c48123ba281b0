-- One kind of request for wrk: METHOD, PATH, KEYS (0: the path as it is, else path/0 … path/KEYS-1 in turn), TOKEN, BODY.
local method, path, keys, token, body
local count = 0

function init(arguments)
  method, path, keys, token, body =
    arguments[1], arguments[2], tonumber(arguments[3]), arguments[4], arguments[5]
  if body == '' then body = nil end
  wrk.headers['X-Vault-Token'] = token ~= '' and token or nil
end

function request()
  if keys == 0 then return wrk.format(method, path, nil, body) end
  count = (count + 1) % keys
  return wrk.format(method, path .. '/' .. count, nil, body)
end
