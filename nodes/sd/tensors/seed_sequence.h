// numpy.random.SeedSequence: well mixed 32-bit words from an integer, as numpy and torchsde seed their generators.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nodes/sd/tensors/export.h"

namespace weft::sd {

/// SeedSequence(entropy, spawn_key=spawn_key, pool_size=pool_size).generate_state(count).
WEFT_SD_EXPORT std::vector<std::uint32_t> seed_sequence_words(
    std::uint64_t entropy, std::span<const std::uint64_t> spawn_key, std::size_t pool_size, std::size_t count);

}  // namespace weft::sd
