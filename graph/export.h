// What libweft_graph shows to the programs and plugins that link it. Everything else is hidden.
#pragma once
#define WEFT_EXPORT __attribute__((visibility("default")))
