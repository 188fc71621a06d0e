// FileWatch: notices when a file may have been changed by somebody. A thread looks at times and sizes once a second,
// which sees changes on network folders too, and costs nothing that could be measured.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

namespace weft::editor {

class FileWatch {
 public:
  /// `wake` is called when something has changed; on the watch's thread.
  explicit FileWatch(std::function<void()> wake, std::chrono::milliseconds interval = std::chrono::seconds(1));

  /// These and no others from now on. Cheap if they are the same as before.
  void watch(const std::vector<std::filesystem::path>& files);
  /// Whether one was changed, has come or is gone since the last call. What one does oneself counts too.
  bool take_change();

 private:
  /// Nothing: it is not there.
  using State = std::optional<std::pair<std::filesystem::file_time_type, std::uintmax_t>>;
  static State state_of(const std::filesystem::path& file);
  void work(const std::stop_token& stop, std::chrono::milliseconds interval);

  const std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::filesystem::path> files_;
  std::vector<State> states_;  // of each
  bool found_ = false;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace weft::editor
