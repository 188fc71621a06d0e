// JobJournal: what waits or runs, kept in a folder, so that it survives a crash and a quit. Files are written on a thread of its
// own, in the order of the calls. [any thread]
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/background_writer.h"
#include "runs/run_state.h"

namespace weft::runs {

class JobJournal {
 public:
  /// Empty: nothing is kept.
  explicit JobJournal(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void keep(const Job& job);
  void remove(JobId job);
  /// Which job comes after which. With none the folder goes.
  void keep_order(const std::vector<Job>& queue);
  /// The jobs of another journal are ours now: its folder goes, once all that was kept before this is on the disk.
  void discard(const std::filesystem::path& folder);

  /// Waits until all is on the disk.
  void flush() { writer_.flush(); }
  /// Why the last write failed; empty if it did not.
  std::string problem() const { return writer_.problem(); }

 private:
  const std::filesystem::path folder_;
  BackgroundWriter writer_;
};

}  // namespace weft::runs
