// What made a picture, in a few words, from the workflow that it carries: its prompt and its seeds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/registry.h"
#include "graph/workflow.h"

namespace weft::editor {

struct PictureStory {
  std::string prompt;                ///< empty: the picture says nothing of one
  std::vector<std::uint64_t> seeds;  ///< that were used
};

/// `facts`: what nodes noted while they ran; without any, the seeds that stand in the workflow count. The prompt is the text
/// that leads to a sampler's "positive", or what callers know as "prompt". [any thread]
PictureStory story_of(const Workflow& workflow, const nlohmann::json& facts);

/// Stories of files, read on a thread of their own when they are asked for, one at a time. [main-thread]
class PictureStories {
 public:
  /// The registry is borrowed.
  PictureStories(const Registry& registry, std::function<void()> wake) : registry_(registry), wake_(std::move(wake)) {}
  /// Null until it is read. A picture that carries no workflow has an empty one.
  const PictureStory* find(const std::filesystem::path& file);

 private:
  const Registry& registry_;
  std::function<void()> wake_;
  std::map<std::filesystem::path, PictureStory> known_;
  std::filesystem::path reading_;
  std::future<PictureStory> coming_;
};

}  // namespace weft::editor
