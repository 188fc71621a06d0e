// ExampleValues: small values to try nodes with, and a way to tell whether two values are the same. The
// checker knows no type but numbers and text: examples come from the value types' records, of the plugin
// itself or of any that is installed, and so does what two values are compared by.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "graph/registry.h"
#include "plugins/library.h"

namespace weft {

class ExampleValues {
 public:
  /// Borrows the registry of the plugin under test.
  explicit ExampleValues(const Registry& own) : own_(own) {}

  /// Empty if nobody gives an example of the type. May open another plugin's library.
  Value example(const std::string& type);

  /// What can be said of a value: equal values give equal summaries. Null if nothing can.
  nlohmann::json summary(const Value& value);

 private:
  /// The type's record with its callbacks, wherever it comes from; null if nowhere.
  const ValueType* record(const std::string& type);
  const ValueType* record_of_others(const std::string& type);

  const Registry& own_;
  std::map<std::string, const ValueType*> known_;
  std::vector<std::unique_ptr<PluginLibrary>> others_;
};

}  // namespace weft
