// What runs of libtorch's devices without a GPU: the choice of a device, the messages, and - on a fake
// backend in CUDA's place - that the runtime's streams and events are libtorch's. tests/gpu/ has what needs a
// real one.
#include <ATen/ATen.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "devices/torch/choose_device.h"
#include "devices/torch/cpu_block_cache.h"
#include "devices/torch/cpu_memory.h"
#include "devices/torch/device_message.h"
#include "devices/torch/nvidia_driver.h"
#include "devices/torch/torch_runtime.h"
#include "nodes/sd/networks/step_graph.h"
#include "nodes/sd/tensors/precision.h"
#include "nodes/sd/tensors/torch_errors.h"
#include "nodes/sd/values/node_device.h"

namespace weft {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// ---- Choice ----

const Gpu kH100{.name = "NVIDIA H100", .major = 9, .minor = 0};
const Gpu kMaxwell{.name = "GeForce GTX 980", .major = 5, .minor = 2};

struct FakeMachine {
  DriverReport driver;
  std::string torch_problem;
  int asked_driver = 0, opened_torch = 0;

  DeviceChoice choose(const std::string& wanted) {
    return choose_device(wanted,
        {.driver = [this] { return ++asked_driver, driver; },
            .open_torch_cuda = [this] { return ++opened_torch, torch_problem; }});
  }
};

const Device kCpu;
const Device kGpu{.kind = "cuda", .index = 0};

TEST(DeviceChoice, TakesTheGpuOnAuto) {
  FakeMachine machine{.driver = {.gpus = {kH100}}};
  const DeviceChoice choice = machine.choose("auto");
  EXPECT_EQ(choice.device, kGpu);
  EXPECT_EQ(choice.reason, "NVIDIA H100");
}

TEST(DeviceChoice, TakesTheCpuOnAutoWhereThereIsNoDriverAndOpensNothingLarge) {
  FakeMachine machine{.driver = {.problem = "no NVIDIA driver found"}};
  const DeviceChoice choice = machine.choose("auto");
  EXPECT_EQ(choice.device, kCpu);
  EXPECT_EQ(choice.reason, "no NVIDIA driver found");
  EXPECT_EQ(machine.opened_torch, 0);
}

TEST(DeviceChoice, AsksNobodyForTheCpu) {
  FakeMachine machine{.driver = {.gpus = {kH100}}};
  EXPECT_EQ(machine.choose("cpu").device, kCpu);
  EXPECT_EQ(machine.asked_driver, 0);
  EXPECT_EQ(machine.opened_torch, 0);
}

TEST(DeviceChoice, SaysWhyAGpuThatIsThereWasNotTaken) {
  FakeMachine machine{
      .driver = {.gpus = {kH100}}, .torch_problem = "libtorch_cuda.so could not be opened: run ./weft --setup-cuda"};
  const DeviceChoice choice = machine.choose("auto");
  EXPECT_EQ(choice.device, kCpu);
  EXPECT_THAT(choice.reason, AllOf(HasSubstr("NVIDIA H100"), HasSubstr("--setup-cuda")));
}

TEST(DeviceChoice, PassesOverAGpuThatIsTooOld) {
  FakeMachine machine{.driver = {.gpus = {kMaxwell, kH100}}};
  EXPECT_EQ(machine.choose("auto").device, (Device{.kind = "cuda", .index = 1}));
  EXPECT_EQ(machine.choose("cuda").device, (Device{.kind = "cuda", .index = 1}));
  EXPECT_THAT(machine.choose("cuda:0").reason, HasSubstr("compute capability 5.2, libtorch needs 7.5"));
  machine.driver.gpus = {kMaxwell};
  EXPECT_EQ(machine.choose("auto").device, kCpu);
  EXPECT_EQ(machine.opened_torch, 2);
}

TEST(DeviceChoice, RefusesAGpuThatWasAskedForAndIsNotThere) {
  FakeMachine none{.driver = {.problem = "no NVIDIA driver found"}};
  EXPECT_FALSE(none.choose("cuda").device);
  EXPECT_EQ(none.choose("cuda").reason, "no NVIDIA driver found (--device cpu runs without)");
  FakeMachine one{.driver = {.gpus = {kH100}}};
  EXPECT_FALSE(one.choose("cuda:3").device);
  EXPECT_THAT(one.choose("cuda:3").reason, HasSubstr("the last GPU is cuda:0 (NVIDIA H100)"));
  FakeMachine hidden{.driver = {}};
  EXPECT_THAT(hidden.choose("cuda").reason, HasSubstr("shows no GPU"));
}

TEST(DeviceChoice, RefusesWordsThatAreNoDevice) {
  FakeMachine machine{.driver = {.gpus = {kH100}}};
  for (const char* word : {"", "tpu", "CPU", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cuda1", "cuda:99999999999"}) {
    const DeviceChoice choice = machine.choose(word);
    EXPECT_FALSE(choice.device) << word;
    EXPECT_THAT(choice.reason, HasSubstr("is not a device")) << word;
  }
}

TEST(NvidiaDriver, IsNotFoundWhereItsLibraryIsNot) {
  EXPECT_EQ(ask_nvidia_driver("libno-such-driver.so.1").problem, "no NVIDIA driver found");
}

TEST(NvidiaDriver, ThatDoesNotAnswerIsAProblemNotACrash) {
  EXPECT_THAT(ask_nvidia_driver("libc.so.6").problem, HasSubstr("does not start"));
}

class FakeDriver : public testing::Test {
 protected:
  void TearDown() override {
    for (const char* name : {"FAKE_CUDA_ERROR", "FAKE_CUDA_VERSION", "FAKE_CUDA_GPUS"}) unsetenv(name);
  }
  static DriverReport ask() { return ask_nvidia_driver(FAKE_NVIDIA_DRIVER); }
};

TEST_F(FakeDriver, NamesItsGpusWithWhatTheyCan) {
  setenv("FAKE_CUDA_GPUS", "2", 1);
  const DriverReport report = ask();
  EXPECT_EQ(report.problem, "");
  ASSERT_EQ(report.gpus.size(), 2u);
  EXPECT_EQ(report.gpus[1].name, "Fake 1");
  EXPECT_EQ(report.gpus[1].major, 10);
  EXPECT_EQ(report.gpus[1].minor, 1);
}

TEST_F(FakeDriver, WithoutAGpuIsNoProblemOfTheDriver) {
  setenv("FAKE_CUDA_ERROR", "100", 1);
  EXPECT_EQ(ask().problem, "");
  EXPECT_TRUE(ask().gpus.empty());
}

TEST_F(FakeDriver, ThatIsTooOldOrBrokenSaysWhatToDo) {
  setenv("FAKE_CUDA_VERSION", "12040", 1);
  EXPECT_EQ(ask().problem, "the NVIDIA driver serves CUDA 12.4, libtorch needs 13.0: update the driver");
  setenv("FAKE_CUDA_ERROR", "999", 1);
  EXPECT_THAT(ask().problem, HasSubstr("cuInit gives 999"));
}

// ---- Message ----

TEST(DeviceMessage, NamesDeviceReasonThreadsAndType) {
  DeviceFacts facts;
  facts.reason = "no NVIDIA driver found";
  facts.threads = 2;
  facts.has_amx = facts.has_avx512_bf16 = true;
  EXPECT_EQ(device_message(facts), "device cpu: no NVIDIA driver found; 2 threads, bfloat16 with AMX");
  facts.has_amx = false;
  EXPECT_THAT(device_message(facts), HasSubstr("bfloat16 with AVX-512"));
  facts.dtype = "float32";
  facts.threads = 1;
  EXPECT_EQ(device_message(facts), "device cpu: no NVIDIA driver found; 1 thread, float32");
}

TEST(DeviceMessage, NamesAGpuWithItsFreeMemory) {
  DeviceFacts facts;
  facts.device = kGpu;
  facts.reason = "NVIDIA H100";
  facts.free_bytes = 83'859'000'000;
  EXPECT_EQ(device_message(facts), "device cuda:0: NVIDIA H100, 78.1 GiB free, float16");
}

TEST(DeviceMessage, NamesTheTypeThatNetworksReallyTake) {
  DeviceFacts cpu, gpu;
  cpu.has_avx512_bf16 = __builtin_cpu_supports("avx512bf16") != 0;
  gpu.device = kGpu;
  const auto name = [](at::ScalarType type) {
    return type == at::kHalf ? "float16" : type == at::kBFloat16 ? "bfloat16" : "float32";
  };
  EXPECT_THAT(device_message(cpu), HasSubstr(name(sd::unet_dtype("auto", at::kCPU))));
  EXPECT_THAT(device_message(gpu), HasSubstr(name(sd::unet_dtype("auto", at::kCUDA))));
}

// ---- The exported function ----

using MakeRuntime = DeviceRuntime*(const char*, const char*, int, char*, std::size_t);
extern "C" MakeRuntime weft_make_device_runtime;

TEST(TorchRuntimeLibrary, MakesTheCpuWithTheThreadsThatWereAskedFor) {
  std::array<char, 256> message{};
  const std::unique_ptr<DeviceRuntime> runtime(
      weft_make_device_runtime("cpu", "float32", 1, message.data(), message.size()));
  ASSERT_TRUE(runtime);
  EXPECT_STREQ(message.data(), "device cpu: as asked for; 1 thread, float32");
  EXPECT_THAT(runtime->devices(), ElementsAre(kCpu));
  EXPECT_GT(runtime->memory(kCpu).free, 0u);
  EXPECT_LE(runtime->memory(kCpu).free, runtime->memory(kCpu).total);
  const StreamId stream = runtime->create_stream(kCpu);
  runtime->use_stream(kCpu, stream);
  const EventId event = runtime->record(kCpu, stream);
  runtime->wait(kCpu, stream, event);
  runtime->synchronize(kCpu, event);
  runtime->forget(kCpu, event);
  runtime->trim(kCpu);
}

TEST(TorchRuntimeLibrary, GivesNullAndTheReasonForWhatCannotBeHad) {
  std::array<char, 256> message{};
  EXPECT_EQ(weft_make_device_runtime("toaster", "auto", 0, message.data(), message.size()), nullptr);
  EXPECT_THAT(message.data(), HasSubstr("'toaster' is not a device"));
  std::array<char, 8> tiny{};
  EXPECT_EQ(weft_make_device_runtime("toaster", "auto", 0, tiny.data(), tiny.size()), nullptr);
  EXPECT_STREQ(tiny.data(), "'toaste");
}

// ---- Memory of a container ----

class ControlGroups : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(root_); }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void write(const std::string& file, const std::string& text) {
    std::filesystem::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  DeviceMemory cut() const { return within_control_groups({.total = 1000, .free = 800}, root_); }

  const std::filesystem::path root_ =
      std::filesystem::temp_directory_path() / ("weft-groups-" + std::to_string(getpid()));
};

TEST_F(ControlGroups, LeaveTheMachineWhereThereAreNone) {
  EXPECT_EQ(cut().total, 1000u);
  EXPECT_EQ(cut().free, 800u);
}

TEST_F(ControlGroups, CutToTheLimitLessWhatIsHeld) {
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", "500\n");
  write("sys/fs/cgroup/memory.current", "300\n");
  write("sys/fs/cgroup/memory.stat", "anon 200\ninactive_file 100\n");
  EXPECT_EQ(cut().total, 500u);
  EXPECT_EQ(cut().free, 300u);
}

TEST_F(ControlGroups, OfAllGroupsAboveTheTightestCounts) {
  write("proc/self/cgroup", "0::/outer/inner\n");
  write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
  write("sys/fs/cgroup/outer/memory.max", "400\n");
  write("sys/fs/cgroup/outer/memory.current", "450\n");
  EXPECT_EQ(cut().total, 400u);
  EXPECT_EQ(cut().free, 0u);
}

TEST_F(ControlGroups, OfVersionOneCountToo) {
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "600\n");
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", "100\n");
  EXPECT_EQ(cut().total, 600u);
  EXPECT_EQ(cut().free, 500u);
}

// ---- Streams and events, on a fake backend ----

/// Stands where libtorch_cuda would be, and writes down what is asked of it.
struct FakeCuda final : c10::impl::DeviceGuardImplInterface {
  static constexpr auto kType = c10::DeviceType::CUDA;
  mutable std::vector<std::string> calls;
  mutable c10::Device device{kType, 0};
  mutable c10::StreamId stream = 0, last_stream = 10;
  mutable int live_events = 0;

  void note(const std::string& call) const { calls.push_back(call); }
  static std::string text(const c10::Stream& stream) {
    return std::to_string(stream.device_index()) + "/" + std::to_string(stream.id());
  }

  c10::DeviceType type() const override { return kType; }
  c10::Device exchangeDevice(c10::Device d) const override { return std::exchange(device, d); }
  c10::Device getDevice() const override { return device; }
  void setDevice(c10::Device d) const override { device = d; }
  void uncheckedSetDevice(c10::Device d) const noexcept override { device = d; }
  c10::DeviceIndex deviceCount() const noexcept override { return 2; }
  c10::Stream getStream(c10::Device d) const override { return c10::Stream(c10::Stream::UNSAFE, d, stream); }
  c10::Stream getStreamFromGlobalPool(c10::Device d, bool) const override {
    return c10::Stream(c10::Stream::UNSAFE, d, ++last_stream);
  }
  c10::Stream exchangeStream(c10::Stream s) const override {
    note("use " + text(s));
    return c10::Stream(c10::Stream::UNSAFE, s.device(), std::exchange(stream, s.id()));
  }
  void record(void** event, const c10::Stream& s, c10::DeviceIndex, c10::EventFlag) const override {
    ++live_events;
    *event = new std::string(text(s));
    note("record " + text(s));
  }
  void block(void* event, const c10::Stream& s) const override {
    note(text(s) + " waits for " + *static_cast<std::string*>(event));
  }
  void synchronizeEvent(void* event) const override { note("stop for " + *static_cast<std::string*>(event)); }
  void destroyEvent(void* event, c10::DeviceIndex) const noexcept override {
    --live_events;
    delete static_cast<std::string*>(event);
  }
};

struct FakeCudaAllocator final : c10::DeviceAllocator {
  int trims = 0;

  c10::DataPtr allocate(std::size_t) override { throw std::bad_alloc(); }
  void copy_data(void*, const void*, std::size_t) const override {}
  bool initialized() override { return true; }
  void emptyCache(c10::MempoolId_t) override { ++trims; }
  void recordStream(const c10::DataPtr&, c10::Stream) override {}
  c10::CachingDeviceAllocator::DeviceStats getDeviceStats(c10::DeviceIndex) override {
    c10::CachingDeviceAllocator::DeviceStats stats;
    stats.reserved_bytes[0].current = 50;
    stats.allocated_bytes[0].current = 20;
    return stats;
  }
  void resetAccumulatedStats(c10::DeviceIndex) override {}
  void resetPeakStats(c10::DeviceIndex) override {}
  std::pair<std::size_t, std::size_t> getMemoryInfo(c10::DeviceIndex index) override {
    return {100 + static_cast<std::size_t>(index), 1000};
  }
};

class TorchRuntimeOnAFakeGpu : public testing::Test {
 protected:
  void SetUp() override {
    fake().calls.clear();
    c10::impl::device_guard_impl_registry[static_cast<std::size_t>(c10::DeviceType::CUDA)] = &fake();
    c10::SetAllocator(c10::DeviceType::CUDA, &allocator(), /*priority=*/200);
  }
  void TearDown() override {
    c10::impl::device_guard_impl_registry[static_cast<std::size_t>(c10::DeviceType::CUDA)] = nullptr;
  }
  // libtorch keeps pointers to backends for good.
  static FakeCuda& fake() {
    static auto* fake = new FakeCuda;
    return *fake;
  }
  static FakeCudaAllocator& allocator() {
    static auto* allocator = new FakeCudaAllocator;
    return *allocator;
  }

  const Device gpu_{.kind = "cuda", .index = 1};
  TorchRuntime runtime_{gpu_};
};

TEST_F(TorchRuntimeOnAFakeGpu, OffersTheGpuFirstAndTheCpuLast) {
  EXPECT_THAT(runtime_.devices(), ElementsAre(gpu_, kCpu));
}

TEST_F(TorchRuntimeOnAFakeGpu, MakesStreamsCurrentOnTheirDevice) {
  const StreamId a = runtime_.create_stream(gpu_), b = runtime_.create_stream(gpu_);
  EXPECT_NE(a, b);
  EXPECT_NE(a, 0u);
  runtime_.use_stream(gpu_, a);
  EXPECT_EQ(fake().device.index(), 1);
  EXPECT_EQ(fake().stream, static_cast<c10::StreamId>(a));
  runtime_.use_stream(gpu_, 0);
  EXPECT_EQ(fake().stream, 0);
}

TEST_F(TorchRuntimeOnAFakeGpu, OrdersStreamsByEvents) {
  runtime_.use_stream(gpu_, 3);
  const EventId done = runtime_.record(gpu_, 3);
  runtime_.wait(gpu_, 4, done);
  runtime_.synchronize(gpu_, done);
  EXPECT_THAT(fake().calls, ElementsAre("use 1/3", "record 1/3", "1/4 waits for 1/3", "stop for 1/3"));
}

TEST_F(TorchRuntimeOnAFakeGpu, FreesAnEventThatIsForgotten) {
  const EventId first = runtime_.record(gpu_, 1), second = runtime_.record(gpu_, 2);
  EXPECT_NE(first, second);
  EXPECT_EQ(fake().live_events, 2);
  runtime_.forget(gpu_, first);
  EXPECT_EQ(fake().live_events, 1);
  runtime_.forget(gpu_, first);
  runtime_.forget(gpu_, second);
  EXPECT_EQ(fake().live_events, 0);
}

TEST_F(TorchRuntimeOnAFakeGpu, DoesNotWaitForEventZero) {
  runtime_.wait(gpu_, 4, 0);
  runtime_.synchronize(gpu_, 0);
  EXPECT_THAT(fake().calls, ElementsAre());
}

TEST_F(TorchRuntimeOnAFakeGpu, CountsWhatLibtorchHoldsUnusedAsFree) {
  EXPECT_EQ(runtime_.memory(gpu_).total, 1000u);
  EXPECT_EQ(runtime_.memory(gpu_).free, 101u + 50 - 20);
  runtime_.trim(gpu_);
  EXPECT_EQ(allocator().trims, 1);
}

// ---- Errors of nodes ----

TEST(TorchErrorText, LeavesTheBacktraceOut) {
  try {
    at::ones({2, 3}).mm(at::ones({4, 5}));
    FAIL();
  } catch (const std::exception& error) {
    const std::string text = TorchRuntime(Device{}).text_of(error);
    EXPECT_NE(text.find("shapes cannot be multiplied (2x3 and 4x5)"), text.npos);
    EXPECT_EQ(text.find("Exception raised from"), text.npos) << text;
  }
  EXPECT_EQ(TorchRuntime(Device{}).text_of(std::runtime_error("a plain one")), "a plain one");
}

// ---- Memory errors ----

TEST(MemoryErrors, OfTheCpuBecomeTheEnginesWithTheNumber) {
  const std::int64_t much = std::int64_t{1} << 50;
  try {
    sd::with_memory_errors([&] { return at::empty({much}, at::kByte); });
    FAIL() << "a petabyte was allocated";
  } catch (const OutOfMemory& error) {
    EXPECT_EQ(error.device(), "cpu");
    EXPECT_EQ(error.wanted_bytes(), static_cast<std::uint64_t>(much));
  }
}

TEST(MemoryErrors, AreReadFromLibtorchsSentences) {
  const auto gpu = memory_shortage_in(
      "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 1 has a total capacity of 79.11 GiB of which "
      "5.50 GiB is "
      "free. Including non-PyTorch memory, this process has 70.00 GiB memory in use.");
  ASSERT_TRUE(gpu);
  EXPECT_EQ(gpu->device(), "cuda:1");
  EXPECT_EQ(gpu->wanted_bytes(), 20ull << 30);
  EXPECT_EQ(gpu->free_bytes(), 11ull << 29);
  const auto small = memory_shortage_in(
      "CUDA out of memory. Tried to allocate 2.50 MiB. GPU 0 has a total capacity of 4.00 GiB of which "
      "512.00 KiB is free.");
  EXPECT_EQ(small->wanted_bytes(), 5ull << 19);
  EXPECT_EQ(small->free_bytes(), 512ull << 10);
  const auto driver = memory_shortage_in("CUDA error: out of memory\nCUDA kernel errors might be ...");
  ASSERT_TRUE(driver);
  EXPECT_EQ(driver->device(), "cuda:0");
  EXPECT_EQ(driver->wanted_bytes(), 0u);
  EXPECT_TRUE(memory_shortage_in("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"));
  EXPECT_TRUE(memory_shortage_in("Storage size calculation overflowed with sizes=[16777216, 16777216, 16777216]"));
  EXPECT_FALSE(memory_shortage_in("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"));
}

TEST(MemoryErrors, OfAnyNodeAreSeenByTheEngine) {
  try {
    at::empty({std::int64_t{1} << 50}, at::kByte);
    FAIL() << "a petabyte was allocated";
  } catch (const std::exception& error) {
    const auto shortage = TorchRuntime(Device{}).shortage_in(error);
    ASSERT_TRUE(shortage);
    EXPECT_EQ(shortage->wanted_bytes(), std::uint64_t{1} << 50);
  }
  EXPECT_FALSE(TorchRuntime(Device{}).shortage_in(std::runtime_error("another one")));
}

TEST(MemoryErrors, OfBlocksThatTheSystemOnlyPromisesComeWithWhatIsThere) {
  const DeviceMemory memory = cpu_memory();
  const std::size_t more = memory.free + memory.swap + memory.total;  // the system would promise it
  try {
    CpuBlockCache::of_process().allocate(more);
    FAIL() << "more than there is was allocated";
  } catch (const c10::Error& error) {
    const auto shortage = memory_shortage_in(error.what_without_backtrace());
    ASSERT_TRUE(shortage);
    EXPECT_EQ(shortage->wanted_bytes(), more);
    EXPECT_GT(shortage->free_bytes(), 0u);
    EXPECT_LT(shortage->free_bytes(), memory.total);
  }
}

TEST(CpuMemory, IsCutToTheAddressSpaceThatIsLeft) {
  const DeviceMemory system{
      .total = std::uint64_t{8000} << 20, .free = std::uint64_t{4000} << 20, .swap = std::uint64_t{1000} << 20};
  const DeviceMemory cut = within_address_space(system, 2000 << 20, 500 << 20);
  EXPECT_EQ(cut.total, 2000u << 20);
  EXPECT_EQ(cut.free, (1500u << 20) - kKeptAddresses);
  EXPECT_EQ(cut.swap, 0u);
  EXPECT_EQ(within_address_space(system, 1 << 20, 2 << 20).free, 0u);
}

TEST(MemoryErrors, LetOtherErrorsAndResultsPass) {
  EXPECT_EQ(sd::with_memory_errors([] { return 7; }), 7);
  EXPECT_THROW(sd::with_memory_errors([] { return at::ones({2, 3}).mm(at::ones({4, 5})); }), c10::Error);
  EXPECT_THROW(sd::with_memory_errors([]() -> int { throw Cancelled(); }), Cancelled);
  EXPECT_THROW(sd::with_memory_errors([]() -> int { throw std::bad_alloc(); }), OutOfMemory);
}

// ---- Transfers ----

TEST(Transfer, OnTheCpuCopiesNothing) {
  const at::Tensor tensor = at::rand({2, 3});
  EXPECT_TRUE(sd::to_device(tensor, kCpu).is_same(tensor));
  EXPECT_TRUE(sd::to_device(tensor, kCpu, at::kFloat).is_same(tensor));
  EXPECT_TRUE(sd::to_cpu(tensor).is_same(tensor));
}

TEST(Transfer, ConvertsAndKeepsTheLayout) {
  const at::Tensor tensor = at::rand({1, 4, 5, 6}).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor half = sd::to_device(tensor, kCpu, at::kHalf);
  EXPECT_EQ(half.scalar_type(), at::kHalf);
  EXPECT_TRUE(half.is_contiguous(at::MemoryFormat::ChannelsLast));
  EXPECT_EQ(sd::torch_device({.kind = "cuda", .index = 2}), at::Device(at::kCUDA, 2));
  EXPECT_EQ(sd::torch_device(kCpu), at::Device(at::kCPU));
}

// ---- Recorded steps ----

/// A CUDA that records nothing, but says that it does. Tensors on the "meta" device stand for those on a GPU.
struct FakeRecorder {
  static inline int captures = 0, replays = 0, released = 0;
  static inline bool refuse = false;

  static CudaGraph* capture(int, void (*call)(void*), void* context, char* message, std::size_t size) {
    call(context);
    if (refuse) {
      std::snprintf(message, size, "this cannot be recorded");
      return nullptr;
    }
    return reinterpret_cast<CudaGraph*>(static_cast<std::intptr_t>(++captures));
  }
  static bool replay(CudaGraph*, char*, std::size_t) { return ++replays > 0; }
  static void release(CudaGraph*) { ++released; }

  static const CudaFunctions* table() {
    static const CudaFunctions functions{.size = sizeof(CudaFunctions),
        .version = kCudaFunctionsVersion,
        .memory = nullptr,
        .reset_peaks = nullptr,
        .capture = capture,
        .replay = replay,
        .release = release};
    captures = replays = released = 0;
    refuse = false;
    return &functions;
  }
};

struct CountedStep {
  std::shared_ptr<int> runs = std::make_shared<int>(0);
  at::Tensor operator()(const sd::NetworkCall& call) const {
    ++*runs;
    return call.x + call.timesteps.view({-1, 1}) + call.context.sum();
  }
};

sd::NetworkCall step_inputs(at::Device device, std::int64_t batch = 2) {
  return {.x = at::ones({batch, 4}, device),
      .timesteps = at::ones({batch}, device),
      .context = at::ones({batch, 3}, device)};
}

TEST(StepGraph, OnTheCpuIsTheStep) {
  CountedStep step;
  sd::StepGraph graph(step, FakeRecorder::table());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(graph(step_inputs(at::kCPU)).equal(at::full({2, 4}, 8.0)));
  EXPECT_EQ(*step.runs, 3);
  EXPECT_EQ(FakeRecorder::captures, 0);
}

TEST(StepGraph, WithoutTheCudaLibraryIsTheStep) {
  CountedStep step;
  sd::StepGraph graph(step, nullptr);
  for (int i = 0; i < 3; ++i) graph(step_inputs(at::kMeta));
  EXPECT_EQ(*step.runs, 3);
  EXPECT_EQ(find_cuda_functions(), nullptr);
}

TEST(StepGraph, RunsOnceRecordsOnceThenReplays) {
  CountedStep step;
  {
    sd::StepGraph graph(step, FakeRecorder::table());
    for (int i = 0; i < 5; ++i) EXPECT_EQ(graph(step_inputs(at::kMeta)).sizes(), (at::IntArrayRef{2, 4}));
    EXPECT_EQ(*step.runs, 2);
    EXPECT_EQ(FakeRecorder::captures, 1);
    EXPECT_EQ(graph.replays(), 4);
  }
  EXPECT_EQ(FakeRecorder::released, 1);
}

TEST(StepGraph, RecordsEachShapeUpToFour) {
  CountedStep step;
  sd::StepGraph graph(step, FakeRecorder::table());
  for (int round = 0; round < 3; ++round) {
    for (std::int64_t batch = 1; batch <= 6; ++batch) graph(step_inputs(at::kMeta, batch));
  }
  EXPECT_EQ(FakeRecorder::captures, 4);
  EXPECT_EQ(graph.replays(), 8);
  EXPECT_EQ(*step.runs, 4 + 4 + 2 * 3);  // once, once recorded, and two shapes that never are
}

TEST(StepGraph, RecordsACallWithControlAndConcatByItself) {
  CountedStep step;
  sd::StepGraph graph(step, FakeRecorder::table());
  sd::NetworkCall steered = step_inputs(at::kMeta);
  steered.concat = at::ones({2, 1}, at::kMeta);
  steered.control = {.down = {at::ones({2, 4}, at::kMeta)}, .mid = at::ones({2, 4}, at::kMeta)};
  for (int i = 0; i < 3; ++i) graph(step_inputs(at::kMeta)), graph(steered);
  EXPECT_EQ(FakeRecorder::captures, 2);
  steered.control.down[0] = at::ones({2, 4});  // on another device
  for (int i = 0; i < 3; ++i) graph(steered);
  EXPECT_EQ(FakeRecorder::captures, 2);
}

TEST(StepGraph, GoesOnWithoutRecordingWhereThatFails) {
  CountedStep step;
  sd::StepGraph graph(step, FakeRecorder::table());
  FakeRecorder::refuse = true;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(graph(step_inputs(at::kMeta)).sizes(), (at::IntArrayRef{2, 4}));
  EXPECT_EQ(graph.problem(), "this cannot be recorded");
  EXPECT_EQ(graph.replays(), 0);
  EXPECT_EQ(FakeRecorder::released, 0);
}

TEST(StepGraph, TakesAStepThatThrowsWhileRecordedAsOneThatCannotBe) {
  FakeRecorder::table();
  int runs = 0;
  sd::StepGraph graph(
      [&](const sd::NetworkCall& call) {
        if (++runs == 2) throw std::runtime_error("reads back");
        return call.x + 1;
      },
      FakeRecorder::table());
  for (int i = 0; i < 3; ++i) graph(step_inputs(at::kMeta));
  EXPECT_THAT(graph.problem(), HasSubstr("threw an exception"));
  EXPECT_EQ(FakeRecorder::released, 1);
}

TEST(StepGraph, WorksInsideAndOutsideOfInferenceMode) {
  CountedStep step;
  sd::StepGraph graph(step, FakeRecorder::table());
  {
    const at::InferenceMode inference;
    for (int i = 0; i < 3; ++i) graph(step_inputs(at::kMeta));
  }
  EXPECT_NO_THROW(graph(step_inputs(at::kMeta)));
  EXPECT_EQ(graph.replays(), 3);
}

}  // namespace
}  // namespace weft
