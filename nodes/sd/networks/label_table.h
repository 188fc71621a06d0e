// Class labels as context: a class-conditional U-Net attends to a vector (or a few) that was learned for each
// class, as a text-conditional one attends to words (Rombach et al. 2022, "class embedder").
//
// A table and the names of its rows; immutable. Checkpoints make it; nodes reach it through encoder_values.h.
// [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::sd {

class LabelTable {
 public:
  /// table [classes, width] or [classes, tokens, width]. `names`: one a class, in order; those beyond its end
  /// go by their number. `unconditional`: the class that stands for "any", which guidance compares with.
  LabelTable(at::Tensor table, std::vector<std::string> names, std::optional<std::int64_t> unconditional = {});

  std::int64_t classes() const { return table_.size(0); }
  std::int64_t tokens() const { return table_.size(1); }
  std::int64_t width() const { return table_.size(2); }
  const std::vector<std::string>& names() const { return names_; }
  std::optional<std::int64_t> unconditional() const { return unconditional_; }
  std::size_t bytes() const { return table_.nbytes(); }

  /// The name of a class, or its number where it has none.
  std::string name(std::int64_t label) const;

  /// The class of that name or number; case, and '_' or '-' for ' ', make no difference. One of several names
  /// that a class has ("kit fox, Vulpes macrotis") is enough, the first class that has it is taken. Throws
  /// std::invalid_argument that proposes the nearest names.
  std::int64_t find(std::string_view label) const;

  /// [B, tokens, width] float32 on the CPU, ready to be attended to. Throws std::invalid_argument for a label
  /// that is not 0 to classes - 1.
  at::Tensor context(std::span<const std::int64_t> labels) const;

 private:
  at::Tensor table_;  ///< [classes, tokens, width] float32
  std::vector<std::string> names_;
  std::optional<std::int64_t> unconditional_;
};

}  // namespace weft::sd
