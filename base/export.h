// What Weft's libraries show to the programs and plugins that link them. Everything else is hidden.
#pragma once
#define WEFT_EXPORT __attribute__((visibility("default")))
