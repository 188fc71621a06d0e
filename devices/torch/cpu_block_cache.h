// Memory of large tensors on the CPU, kept for the next one of about that size.
//
// libtorch asks the system for each large tensor anew and gives it back, and the system clears every page of it first:
// a tenth of the time of a 512x512 picture. Its allocators for GPUs keep what they had; so does this one.
#pragma once

#include <c10/core/Allocator.h>

#include <cstddef>
#include <map>
#include <mutex>
#include <unordered_map>

namespace weft {

/// Thread-safe.
class CpuBlockCache final : public c10::Allocator {
 public:
  /// Smaller blocks than this come from malloc, which keeps them itself.
  static constexpr std::size_t kSmallest = std::size_t{1} << 20;
  /// From this size on, the system is asked whether it has as much. It promises more than it has, and ends a process that
  /// takes it at its word.
  static constexpr std::size_t kAskedFor = std::size_t{64} << 20;
  /// Bytes that are kept at most.
  static constexpr std::size_t kMost = std::size_t{1} << 30;

  /// The only one: tensors that are still there when the process ends point to it, so it is never destroyed.
  static CpuBlockCache& of_process();

  /// Makes libtorch take the memory of all its tensors on the CPU here from now on. A second time does nothing.
  static void install();

  /// Aligned for vector instructions. Where memory is short, gives back what is kept before it throws c10::Error, with the
  /// numbers.
  c10::DataPtr allocate(std::size_t bytes) override;
  c10::DeleterFnPtr raw_deleter() const override;
  void copy_data(void* to, const void* from, std::size_t bytes) const override;

  /// Gives what is kept back to the system.
  void release();

  std::size_t kept() const;

 private:
  CpuBlockCache() = default;
  static void free_in_process(void* block);
  void* take(std::size_t bytes);
  void give_back(void* block);

  mutable std::mutex mutex_;
  std::unordered_map<void*, std::size_t> used_;  ///< sizes of the large blocks that tensors have
  std::multimap<std::size_t, void*> kept_;  ///< by size
  std::size_t kept_bytes_ = 0;
};

}  // namespace weft
