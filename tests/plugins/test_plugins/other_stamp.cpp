// Says that it was built by another compiler against another libtorch.
#include "plugins/entry.h"

extern "C" WEFT_EXPORT const weft::PluginEntry weft_plugin_entry;
extern "C" WEFT_EXPORT const weft::PluginEntry weft_plugin_entry = {
    sizeof(weft::PluginEntry), weft::kPluginAbi, "gcc-4 torch-0.4.0", "test.other_stamp", "1.0.0", nullptr};
