#include "editor/session/file_watch.h"

namespace weft::editor {

namespace fs = std::filesystem;

FileWatch::FileWatch(std::function<void()> wake, std::chrono::milliseconds interval)
    : wake_(std::move(wake)), thread_([this, interval](const std::stop_token& stop) { work(stop, interval); }) {}

FileWatch::State FileWatch::state_of(const fs::path& file) {
  std::error_code error;
  const auto time = fs::last_write_time(file, error);
  const auto size = error ? 0 : fs::file_size(file, error);
  return error ? std::nullopt : State({time, size});
}

void FileWatch::watch(const std::vector<fs::path>& files) {
  const std::scoped_lock lock(mutex_);
  if (files == files_) return;
  files_ = files;
  states_.clear();  // the thread takes them
}

bool FileWatch::take_change() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(found_, false);
}

void FileWatch::work(const std::stop_token& stop, std::chrono::milliseconds interval) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const std::vector<fs::path> files = files_;
    lock.unlock();
    std::vector<State> states;
    for (const fs::path& file : files) states.push_back(state_of(file));
    lock.lock();
    if (files == files_) {  // else they were exchanged meanwhile, and are looked at next time
      const bool first = states_.size() != states.size();
      // At first a file may have changed between its reading and now: the owner compares.
      const bool changed = !files.empty() && (first || states != states_);
      states_ = std::move(states);
      if (changed) {
        found_ = true;
        lock.unlock();
        wake_();
        lock.lock();
      }
    }
    changed_.wait_for(lock, stop, interval, [] { return false; });
  }
}

}  // namespace weft::editor
