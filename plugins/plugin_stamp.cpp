// Compiled into every plugin by weft_add_plugin(), so that the rest of a plugin need not be compiled anew for another stamp.
#include "plugins/entry.h"
#include "plugins/stamp.h"

const char weft::plugin_stamp[] = WEFT_STAMP;
