// Says that it was built for another plugin ABI.
#include "plugins/entry.h"

extern "C" WEFT_EXPORT const weft::PluginEntry weft_plugin_entry;
extern "C" WEFT_EXPORT const weft::PluginEntry weft_plugin_entry = {
    sizeof(weft::PluginEntry), weft::kPluginAbi + 1000, weft::plugin_stamp, "test.old_abi", "1.0.0", nullptr};
