// Pictures side by side in one PNG, for people to look at.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

namespace weft::paper_cut {

/// pictures [N, 3, H, W] in [-1, 1], row by row. Throws std::runtime_error when the file cannot be written.
void write_sheet(const std::filesystem::path& path, const at::Tensor& pictures, std::int64_t columns);

}  // namespace weft::paper_cut
