#include "base/background_writer.h"

#include <exception>
#include <utility>

#include "base/c_locale.h"

namespace weft {

BackgroundWriter::BackgroundWriter() : thread_([this] { work(); }) {}

BackgroundWriter::~BackgroundWriter() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BackgroundWriter::add(std::function<void()> task) {
  {
    const std::scoped_lock lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  changed_.notify_all();
}

void BackgroundWriter::flush() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return tasks_.empty() && !busy_; });
}

bool BackgroundWriter::idle() const {
  const std::scoped_lock lock(mutex_);
  return tasks_.empty() && !busy_;
}

std::string BackgroundWriter::problem() const {
  const std::scoped_lock lock(mutex_);
  return problem_;
}

void BackgroundWriter::work() {
  const CLocale locale;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    const std::function<void()> task = std::exchange(tasks_.front(), {});
    tasks_.pop_front();
    busy_ = true;
    lock.unlock();
    std::string problem;
    try {
      task();
    } catch (const std::exception& error) {
      problem = error.what();
    }
    lock.lock();
    problem_ = std::move(problem);
    busy_ = false;
    changed_.notify_all();
  }
}

}  // namespace weft
