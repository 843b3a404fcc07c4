-- HAProxy (router) configuration of a NeuronHA cluster.
-- Generated from the cluster file by `neuronha`; changes made here are overwritten by the next `up`.

local HOLD_MS = 7500
local LOOK_EVERY_MS = 20

local function now_ms()
  local now = core.now()
  return now.sec * 1000 + now.usec / 1000
end

core.register_action("hold_for_primary", { "tcp-req" }, function(txn)
  local deadline = now_ms() + HOLD_MS
  while txn.f:nbsrv("write") == 0 and now_ms() < deadline do
    core.msleep(LOOK_EVERY_MS)
  end
end)
