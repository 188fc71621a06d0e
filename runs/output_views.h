// What a node has made, as a window and a gallery show it. Made by the queue, so that no window waits
// for a plugin that makes a picture. [queue-thread]
#pragma once

#include <filesystem>
#include <vector>

#include "graph/executor.h"
#include "graph/registry.h"
#include "host/sweep_run.h"
#include "runs/run_state.h"

namespace weft::runs {

/// The files that a node says it wrote: a path a line, as image.save does.
std::vector<std::filesystem::path> files_of(const NodeInfo& info, const NodeResult& result);

inline constexpr std::size_t kMostPictures = 64;  ///< of a batch

/// The outputs that came, with their pictures and descriptions. Those whose plugin fails say so in the
/// description.
std::vector<OutputView> views_of(const Registry& registry, const NodeInfo& info, const NodeResult& result);

/// What a sweep has made, as the output of the node that made its pictures: the table, then each picture by itself, with
/// captions.
OutputView view_of_table(const Registry& registry, const host::SweepTable& table);

}  // namespace weft::runs
