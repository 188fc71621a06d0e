// Gallery: pictures that runs have written, latest first, each with the workflow that made it. Folders are
// read on a thread of its own. All may be called from the window's thread and returns at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runs/run_state.h"

namespace weft::editor {

struct GalleryItem {
  std::filesystem::path file;
  std::filesystem::file_time_type time;
  std::uintmax_t bytes = 0;
  runs::JobId job = 0;  ///< of this session; 0: older
};

class Gallery {
 public:
  /// `wake` is called when a list has come; any thread.
  explicit Gallery(std::function<void()> wake = {});
  ~Gallery();
  Gallery(const Gallery&) = delete;
  Gallery& operator=(const Gallery&) = delete;

  /// Looks for pictures in the folder and those below, on the gallery's thread.
  void scan(const std::filesystem::path& folder);
  /// Takes up files that jobs have written. Call it when RunState::revision has changed.
  void take(const runs::RunState& state);

  /// Latest first.
  std::shared_ptr<const std::vector<GalleryItem>> items() const;
  std::uint64_t revision() const;
  /// Takes it from the list; the file stays.
  void remove(const std::filesystem::path& file);
  /// Waits until nothing is left to read.
  void wait_until_idle() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft::editor
