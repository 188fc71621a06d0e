// Lanes: the threads that run nodes. Light and I/O nodes go to a number of workers, of which the thread that
// calls run() is one; heavy nodes go to one thread of their own, one after another.
//
// Rationale. Heavy nodes keep to one thread because the libraries under them (OpenMP) make a team of threads
// for each thread that calls them. The caller works too so that a chain of short nodes needs no switch of
// threads at all. Threads are started when work first waits for one; where the system gives none, the caller does all.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace weft {

class Lanes {
 public:
  using Task = std::uint32_t;
  class Worker {
   public:
    /// Does the task, and may push others. Must not throw. [run-thread]
    virtual void work(Task task) = 0;

   protected:
    ~Worker() = default;
  };

  /// `light_workers` counts the calling thread.
  explicit Lanes(unsigned light_workers) : light_workers_(light_workers) { light_threads_.reserve(light_workers); }
  ~Lanes();
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  /// Works on the tasks, and on what they push, until none is left. One call at a time.
  void run(Worker& worker, std::span<const Task> light, std::span<const Task> heavy);
  /// [run-thread], from within Worker::work()
  void push(std::span<const Task> light, std::span<const Task> heavy);

 private:
  void add(std::span<const Task> light, std::span<const Task> heavy);
  bool start(std::thread& thread, void (Lanes::*loop)());
  void light_thread();
  void heavy_thread();
  void take(std::unique_lock<std::mutex>& lock, std::deque<Task>& queue);
  bool all_done() const { return active_ == 0 && light_.empty() && heavy_.empty(); }

  const unsigned light_workers_;
  std::mutex mutex_;
  std::condition_variable light_ready_;  // light work, or the end of a run
  std::condition_variable heavy_ready_;
  std::deque<Task> light_;
  std::deque<Task> heavy_;
  Worker* worker_ = nullptr;
  unsigned idle_ = 0;  // light workers that wait, those included that were woken and have not taken their task yet
  unsigned active_ = 0;  // tasks that are being worked on
  bool caller_waits_ = false;
  bool stopping_ = false;
  std::vector<std::thread> light_threads_;
  std::thread heavy_thread_;
};

}  // namespace weft
