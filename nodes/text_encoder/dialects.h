// Texts in the dialects of other programs, encoded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "nodes/sd/text/dialect.h"
#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::text_encoder {

/// For a param, in the order of sd::Dialect.
std::vector<std::string> dialect_names();
sd::Dialect dialect_named(const std::string& name);

/// Encodes a text, and warns of what it has in vain. `steps`: of the sampler, where the text names steps or takes turns: then
/// there is an entry for each text that it becomes, with the steps at which it counts. Throws NodeError for a text that cannot
/// be read in its dialect.
Conditioning encode_in(
    sd::Dialect dialect, RunContext& ctx, const Clip& clip, const std::string& text, std::int64_t steps);

}  // namespace weft::text_encoder
