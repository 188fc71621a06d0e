// How long a node may take, by how long the nodes of its type took the last time: a picture of four times the pixels, or
// twice the steps, takes so much longer. Belongs to whoever guards it with a lock.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "graph/graph.h"

namespace weft::runs {

/// What a node's time grows with, as far as literals say: its own steps, and the pixels (of all pictures of a batch) that
/// the nearest node before it with a width and a height gives.
struct Work {
  double steps = 0;  ///< 0: not known
  double pixels = 0;  ///< 0: not known
};
Work work_of(const Graph& graph, const GraphNode& node);

class PastTimes {
 public:
  void note(const std::string& type, const Work& work, double seconds) { last_[type] = {work, seconds}; }
  /// Nothing where no node of the type has run, or where the two cannot be compared.
  std::optional<double> expected(std::string_view type, const Work& work) const;

 private:
  struct Past {
    Work work;
    double seconds = 0;
  };
  std::map<std::string, Past, std::less<>> last_;
};

}  // namespace weft::runs
