// Values in the words of ValueType::describe: what an inspector shows of them. docs/writing-a-plugin.md tells which keys
// are shown how.
#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "graph/value.h"
#include "nodes/sd/sampling/conditioning.h"

namespace weft::sd {

/// Shape, dtype, least, greatest, mean and deviation, and a histogram of 64 bins; what is not finite is counted apart.
/// Null for an undefined tensor.
nlohmann::json describe(const at::Tensor& tensor);

/// An object for each entry: where and when it counts, and its tokens as a table.
nlohmann::json describe(const ConditioningEntries& conditioning);

/// ValueType::items of a value whose `tensor` is a batch [B, ...]: a copy of it for each item, with that item alone.
template <class T>
std::vector<Value> items(const T& batch, at::Tensor T::* tensor) {
  std::vector<Value> each;
  for (const at::Tensor& item : (batch.*tensor).split(1)) {
    T alone = batch;
    alone.*tensor = item;
    each.push_back(Value::of(std::move(alone)));
  }
  return each;
}

}  // namespace weft::sd
