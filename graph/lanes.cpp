#include "graph/lanes.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace weft {

Lanes::~Lanes() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  light_ready_.notify_all();
  heavy_ready_.notify_all();
  for (std::thread& thread : light_threads_) thread.join();
  if (heavy_thread_.joinable()) heavy_thread_.join();
}

void Lanes::run(Worker& worker, std::span<const Task> light, std::span<const Task> heavy) {
  std::unique_lock lock(mutex_);
  worker_ = &worker;
  ++idle_;  // this thread will take one
  add(light, heavy);
  --idle_;
  while (!all_done()) {
    if (!light_.empty()) {
      take(lock, light_);
    } else {
      ++idle_;
      caller_waits_ = true;
      light_ready_.wait(lock, [this] { return !light_.empty() || all_done(); });
      caller_waits_ = false;
      --idle_;
    }
  }
  worker_ = nullptr;
}

void Lanes::push(std::span<const Task> light, std::span<const Task> heavy) {
  const std::scoped_lock lock(mutex_);
  add(light, heavy);
}

void Lanes::add(std::span<const Task> light, std::span<const Task> heavy) {
  light_.insert(light_.end(), light.begin(), light.end());
  for (std::size_t i = 0; i < std::min<std::size_t>(light.size(), idle_); ++i) light_ready_.notify_one();
  while (light_.size() > idle_ && light_threads_.size() + 1 < light_workers_) {
    std::thread thread;
    if (!start(thread, &Lanes::light_thread)) break;
    light_threads_.push_back(std::move(thread));
    ++idle_;
  }
  if (heavy.empty()) return;
  if (!heavy_thread_.joinable() && !start(heavy_thread_, &Lanes::heavy_thread)) {
    light_.insert(light_.end(), heavy.begin(), heavy.end());
    light_ready_.notify_one();
    return;
  }
  heavy_.insert(heavy_.end(), heavy.begin(), heavy.end());
  heavy_ready_.notify_one();
}

bool Lanes::start(std::thread& thread, void (Lanes::*loop)()) {
  try {
    thread = std::thread(loop, this);
    return true;
  } catch (const std::system_error&) {  // a limit of threads or of memory
    return false;
  }
}

void Lanes::light_thread() {
  std::unique_lock lock(mutex_);  // counted as idle by whoever started it
  for (;;) {
    light_ready_.wait(lock, [this] { return stopping_ || !light_.empty(); });
    if (stopping_) return;
    --idle_;
    take(lock, light_);
    ++idle_;
  }
}

void Lanes::heavy_thread() {
  std::unique_lock lock(mutex_);
  for (;;) {
    heavy_ready_.wait(lock, [this] { return stopping_ || !heavy_.empty(); });
    if (stopping_) return;
    take(lock, heavy_);
  }
}

void Lanes::take(std::unique_lock<std::mutex>& lock, std::deque<Task>& queue) {
  const Task task = queue.front();
  queue.pop_front();
  ++active_;
  lock.unlock();
  worker_->work(task);
  lock.lock();
  --active_;
  if (caller_waits_ && all_done()) light_ready_.notify_all();  // one of those who wait is the caller
}

}  // namespace weft
