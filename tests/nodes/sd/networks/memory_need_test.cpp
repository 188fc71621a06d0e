// What networks need in memory: estimates against what libtorch is really asked for, and what comes of them.
#include "nodes/sd/values/room.h"

#include <ATen/ATen.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/alloc_cpu.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/error.h"
#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/values/values.h"
#include "tests/nodes/seeded_source.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using testing::HasSubstr;

/// Counts the bytes of all tensors on the CPU that are made once it is libtorch's allocator.
class CountingAllocator final : public c10::Allocator {
 public:
  static CountingAllocator& installed() {
    static CountingAllocator& one = *[] {
      auto* made = new CountingAllocator;  // tensors may outlive the tests
      c10::SetCPUAllocator(made, /*priority=*/10);
      return made;
    }();
    return one;
  }

  c10::DataPtr allocate(std::size_t bytes) override {
    void* block = c10::alloc_cpu(bytes);
    const std::scoped_lock lock(mutex_);
    if (block) sizes_[block] = bytes;
    current_ += bytes;
    peak_ = std::max(peak_, current_);
    return {block, block, raw_deleter(), c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &free; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override { default_copy_data(to, from, bytes); }

  /// Bytes that `work` holds at its peak, beyond what was there before.
  double peak_of(const std::function<void()>& work) {
    const std::size_t before = peak_ = current_;
    work();
    return static_cast<double>(peak_ - before);
  }

 private:
  static void free(void* block) {
    CountingAllocator& self = installed();
    {
      const std::scoped_lock lock(self.mutex_);
      if (const auto found = self.sizes_.find(block); found != self.sizes_.end()) {
        self.current_ -= found->second;
        self.sizes_.erase(found);
      }
    }
    c10::free_cpu(block);
  }

  std::mutex mutex_;
  std::unordered_map<void*, std::size_t> sizes_;
  std::size_t current_ = 0, peak_ = 0;
};

double peak_of(const std::function<void()>& work) { return CountingAllocator::installed().peak_of(work); }

void expect_estimate(const MemoryNeed& need, double measured) {
  EXPECT_LE(static_cast<double>(need.least), measured) << "a run that would go well must not be refused";
  EXPECT_GT(static_cast<double>(need.about), 0.8 * measured);
  EXPECT_LT(static_cast<double>(need.about), 1.25 * measured);
}

Weights seeded() { return Weights(std::make_shared<SeededSource>()); }

// Narrow, with the proportions of Stable Diffusion 1.x.
const UNetConfig kUNet{.block_channels = {32, 64, 128, 128}, .context_dim = 32, .heads = 4, .norm_groups = 8};
const VAEConfig kVAE{.block_channels = {16, 32, 64, 64}, .norm_groups = 8};

TEST(MemoryNeed, OfAUNetIsAsMeasured) {
  const c10::InferenceMode inference;
  const UNet unet(kUNet, seeded());
  for (const std::int64_t side : {24, 40}) {
    const at::Tensor x = at::zeros({2, 4, side, side}), context = at::zeros({2, 77, 32});
    const double measured =
        peak_of([&] { unet.forward({.x = x, .timesteps = at::full({2}, 500), .context = context}); });
    expect_estimate(unet_need(kUNet, at::kFloat, 2, side, side), measured);
  }
}

TEST(MemoryNeed, OfADecoderIsAsMeasured) {
  const c10::InferenceMode inference;
  const VAEDecoder decoder(kVAE, seeded());
  for (const std::int64_t side : {16, 24}) {
    const double measured = peak_of([&] { decoder.decode(at::zeros({1, 4, side, side})); });
    expect_estimate(decoding_need(kVAE, at::kFloat, 8 * side, 8 * side), measured);
  }
}

TEST(MemoryNeed, OfAnEncoderIsAsMeasured) {
  const c10::InferenceMode inference;
  const VAEEncoder encoder(kVAE, seeded());
  const double measured = peak_of([&] { encoder.encode(at::zeros({1, 3, 192, 192})); });
  expect_estimate(encoding_need(kVAE, at::kFloat, 192, 192), measured);
}

TEST(MemoryNeed, OfStableDiffusionAtSizesThatNobodyHas) {
  const MemoryNeed need = unet_need(UNetConfig(), at::kBFloat16, 2, 2048, 2048);
  EXPECT_GT(need.about, std::uint64_t{90} << 30);
  EXPECT_LT(need.about, std::uint64_t{110} << 30);
  EXPECT_GT(unet_need(UNetConfig(), at::kFloat, 4096, 2048, 2048).least, need.about);
}

/// A machine of 8 GiB, of which 2 are free.
class SmallMachine final : public DeviceRuntime {
 public:
  std::vector<Device> devices() const override { return {Device{}}; }
  DeviceMemory memory(const Device&) const override {
    return {.total = std::uint64_t{8} << 30, .free = std::uint64_t{2} << 30};
  }
  StreamId create_stream(const Device&) override { return 0; }
  void destroy_stream(const Device&, StreamId) override {}
  void use_stream(const Device&, StreamId) override {}
  EventId record(const Device&, StreamId) override { return 0; }
  void wait(const Device&, StreamId, EventId) override {}
  void synchronize(const Device&, EventId) override {}
  void forget(const Device&, EventId) override {}
  void trim(const Device&) override {}
};

class MemoryChecks : public testing::Test {
 protected:
  SmallMachine machine_;
  std::shared_ptr<MemoryLedger> ledger_ = std::make_shared<MemoryLedger>();
  Residency where_{Device{}, ledger_, machine_};
};

TEST_F(MemoryChecks, RefuseWhatFitsInNoCase) {
  const MemoryNeed need{.least = std::uint64_t{9} << 30, .about = std::uint64_t{12} << 30};
  try {
    require_memory(where_, need, "a latent of 2048 x 2048, batch 1");
    FAIL() << "9 GiB of 8";
  } catch (const NodeError& error) {
    EXPECT_STREQ(error.what(),
        "a latent of 2048 x 2048, batch 1, needs about 12.0 GiB; cpu has 8.0 GiB: choose a smaller "
        "size, a smaller batch or tiles");
  }
}

TEST_F(MemoryChecks, LetPassWhatMayRun) {
  const MemoryNeed need{.least = std::uint64_t{7} << 30, .about = std::uint64_t{12} << 30};
  EXPECT_NO_THROW(require_memory(where_, need, "it"));
  EXPECT_NO_THROW(require_memory(Residency(), {.least = ~std::uint64_t{0}}, "what is not known"));
}

TEST_F(MemoryChecks, EvictWhatIsIdleBeforeTheyWarn) {
  bool evicted = false;
  ledger_->enter({.name = "idle", .bytes = 1, .evict = [&] { evicted = true; }});
  EXPECT_EQ(make_room(where_, {.about = std::uint64_t{1} << 30}), std::nullopt);
  EXPECT_FALSE(evicted);
  EXPECT_EQ(make_room(where_, {.about = std::uint64_t{3} << 30}), std::uint64_t{2} << 30);
  EXPECT_TRUE(evicted);
}

TEST_F(MemoryChecks, NetworksOfAValueAreEnteredByTheirModelsName) {
  const TemporaryFolder folder;
  const SmallModel small = medium_model();
  write_single_file(folder / "medium.safetensors", small);
  const auto checkpoint = std::make_shared<const Checkpoint>(Checkpoint::open(folder / "medium.safetensors"));
  const Vae vae(checkpoint, "float32");
  std::uint64_t both = 0;
  {
    const Vae::Half decoder = vae.decoder(where_);
    EXPECT_EQ(ledger_->entries().at(0).name, "VAE decoder medium.safetensors");
    EXPECT_EQ(ledger_->make_room(Device{}, 1), 0u) << "it is in use";
    vae.encoder(where_);
    both = ledger_->held(Device{});
    const auto whole = static_cast<double>(bytes_of(tensors_of(small).vae));
    EXPECT_NEAR(static_cast<double>(both), whole, 0.01 * whole);
  }
  EXPECT_EQ(ledger_->make_room(Device{}, both), both);
  const Model model(checkpoint, "float32");
  {
    const auto network = model.on(where_);
    EXPECT_EQ(ledger_->entries().at(0).name, "model medium.safetensors");
    EXPECT_EQ(ledger_->held(Device{}), bytes_of(tensors_of(small).unet));
    EXPECT_EQ(ledger_->make_room(Device{}, 1), 0u) << "who holds the network uses it";
  }
  EXPECT_GT(ledger_->make_room(Device{}, 1), 0u);
  EXPECT_EQ(ledger_->held(Device{}), 0u);
  EXPECT_EQ(model.on(where_)->in_channels, small.unet.in_channels) << "it is built again";
}

}  // namespace
}  // namespace weft::sd
