#include "devices/torch/cpu_block_cache.h"

#include <ATen/Parallel.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>

#include "devices/torch/cpu_memory.h"

namespace weft {
namespace {

constexpr std::uint8_t kBeforeLibtorchsOwn = 1;
constexpr std::size_t kMostMadePresent = std::size_t{256} << 20;
constexpr std::int64_t kPagesAThread = 1024;

/// Has the system put pages behind a block at once and on all threads, in place of one by one when they are first
/// written to. Older kernels refuse, which changes nothing but the time.
void make_present(void* block, std::size_t bytes) {
#ifdef MADV_POPULATE_WRITE
  if (bytes > kMostMadePresent) return;  // may be a table that is filled in few places
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<std::uintptr_t>(block), first = (begin + page - 1) / page;
  const std::uintptr_t last = (begin + bytes) / page;
  if (first >= last) return;
  at::parallel_for(std::int64_t(first), std::int64_t(last), kPagesAThread, [page](std::int64_t from, std::int64_t to) {
    ::madvise(
        reinterpret_cast<void*>(std::uintptr_t(from) * page), std::uintptr_t(to - from) * page, MADV_POPULATE_WRITE);
  });
#else
  static_cast<void>(block), static_cast<void>(bytes);
#endif
}

/// More would not be there when it is written to.
bool is_there(std::size_t bytes) {
  if (bytes < CpuBlockCache::kAskedFor && !has_limited_addresses()) return true;
  const DeviceMemory memory = cpu_memory();
  return bytes <= memory.free + memory.swap;
}

/// Null if memory is short.
void* allocated(std::size_t bytes) {
  try {
    return is_there(bytes) ? c10::alloc_cpu(bytes) : nullptr;
  } catch (const c10::Error&) {
    return nullptr;
  }
}

}  // namespace

CpuBlockCache& CpuBlockCache::of_process() {
  static CpuBlockCache& cache = *new CpuBlockCache;
  return cache;
}

void CpuBlockCache::install() {
  static std::once_flag once;
  std::call_once(once, [] { c10::SetCPUAllocator(&of_process(), kBeforeLibtorchsOwn); });
}

c10::DataPtr CpuBlockCache::allocate(std::size_t bytes) {
  void* block = bytes < kSmallest ? c10::alloc_cpu(bytes) : take(bytes);
  return {block, block, raw_deleter(), c10::Device(c10::DeviceType::CPU)};
}

c10::DeleterFnPtr CpuBlockCache::raw_deleter() const { return &free_in_process; }

void CpuBlockCache::copy_data(void* to, const void* from, std::size_t bytes) const {
  default_copy_data(to, from, bytes);
}

void CpuBlockCache::free_in_process(void* block) { of_process().give_back(block); }

void* CpuBlockCache::take(std::size_t bytes) {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = kept_.lower_bound(bytes);
    if (found != kept_.end() && found->first <= 2 * bytes) {
      void* block = found->second;
      kept_bytes_ -= found->first;
      used_.emplace(block, found->first);
      kept_.erase(found);
      return block;
    }
  }
  void* block = allocated(bytes);
  if (!block) {
    release();
    block = allocated(bytes);
  }
  if (!block)  // in the form of libtorch's own sentences, as memory_shortage_in() reads them
    C10_THROW_ERROR(OutOfMemoryError,
        fmt::format("DefaultCPUAllocator: can't allocate memory: you tried to allocate {} "
                    "bytes, of which {} bytes are there",
            bytes, cpu_memory().free));
  make_present(block, bytes);
  const std::scoped_lock lock(mutex_);
  used_.emplace(block, bytes);
  return block;
}

void CpuBlockCache::give_back(void* block) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = used_.find(block); found != used_.end()) {
      const std::size_t bytes = found->second;
      used_.erase(found);
      if (kept_bytes_ + bytes <= kMost) {
        kept_.emplace(bytes, block);
        kept_bytes_ += bytes;
        return;
      }
    }
  }
  c10::free_cpu(block);
}

void CpuBlockCache::release() {
  std::multimap<std::size_t, void*> blocks;
  {
    const std::scoped_lock lock(mutex_);
    blocks.swap(kept_);
    kept_bytes_ = 0;
  }
  for (const auto& [bytes, block] : blocks) c10::free_cpu(block);
}

std::size_t CpuBlockCache::kept() const {
  const std::scoped_lock lock(mutex_);
  return kept_bytes_;
}

}  // namespace weft
