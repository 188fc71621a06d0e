#include "devices/torch/cpu_block_cache.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <thread>
#include <vector>

namespace weft {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

class CpuBlockCacheTest : public testing::Test {
 protected:
  void SetUp() override { cache_.release(); }
  void TearDown() override { cache_.release(); }

  CpuBlockCache& cache_ = CpuBlockCache::of_process();
};

TEST_F(CpuBlockCacheTest, GivesTheMemoryOfALargeTensorToTheNextOneOfAboutThatSize) {
  void* const first = cache_.allocate(8 * kMiB).get();
  EXPECT_EQ(cache_.kept(), 8 * kMiB);
  const c10::DataPtr next = cache_.allocate(5 * kMiB);
  EXPECT_EQ(next.get(), first);
  EXPECT_EQ(cache_.kept(), 0u);
}

TEST_F(CpuBlockCacheTest, DoesNotSpendALargeBlockOnASmallTensor) {
  cache_.allocate(8 * kMiB).clear();
  const c10::DataPtr small = cache_.allocate(2 * kMiB);
  EXPECT_EQ(cache_.kept(), 8 * kMiB);
}

TEST_F(CpuBlockCacheTest, LeavesSmallBlocksToMalloc) {
  cache_.allocate(CpuBlockCache::kSmallest - 1).clear();
  EXPECT_EQ(cache_.kept(), 0u);
}

TEST_F(CpuBlockCacheTest, KeepsNoMoreThanItMay) {
  cache_.allocate(CpuBlockCache::kMost + kMiB).clear();  // never written to, so no page of it is ever there
  EXPECT_EQ(cache_.kept(), 0u);
}

TEST_F(CpuBlockCacheTest, GivesBackWhatItKeeps) {
  cache_.allocate(8 * kMiB).clear();
  cache_.release();
  EXPECT_EQ(cache_.kept(), 0u);
}

TEST_F(CpuBlockCacheTest, AlignsForVectorInstructions) {
  for (const std::size_t bytes : {std::size_t{1}, 100 * kMiB + 3})
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(cache_.allocate(bytes).get()) % 64, 0u);
  EXPECT_EQ(cache_.allocate(0).get(), nullptr);
}

TEST_F(CpuBlockCacheTest, ServesTheTensorsOfSeveralThreads) {
  CpuBlockCache::install();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 50; ++i) {
        const at::Tensor mine = at::full({std::int64_t(kMiB)}, t, at::kFloat);
        ASSERT_EQ(mine.min().item<float>(), float(t));
        ASSERT_EQ(mine.max().item<float>(), float(t));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(cache_.kept(), 0u);
}

}  // namespace
}  // namespace weft
