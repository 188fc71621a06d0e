// gpu_check [--device auto|cpu|cuda[:N]] [--small] [--report FILE]: runs all checks and writes what came out
// as JSON. 0 if none failed, also where all were skipped; 2 for wrong usage or a device that cannot be had.
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/version.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>

#include "tests/gpu/checks.h"

extern "C" weft::DeviceRuntime* weft_make_device_runtime(
    const char* device, const char* dtype, int threads, char* message, std::size_t message_size);

namespace weft::gpu {
namespace {

struct Arguments {
  std::string device = "auto", report;
  bool small = false;
};

struct Report {
  std::string device;
  int passed = 0, failed = 0, skipped = 0;
  std::vector<std::string> failures;
};

std::string quoted(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped.push_back('\\');
    escaped.push_back(static_cast<unsigned char>(c) < ' ' ? ' ' : c);
  }
  return fmt::format("\"{}\"", escaped);
}

std::string json(const Report& report, const std::map<std::string, double>& numbers) {
  std::vector<std::string> failures, measured;
  for (const std::string& failure : report.failures) failures.push_back(quoted(failure));
  for (const auto& [name, number] : numbers) measured.push_back(fmt::format("{}: {:.6g}", quoted(name), number));
  return fmt::format(
      "{{\n  \"build\": \"ok\",\n  \"device\": {},\n  \"torch\": {},\n  \"passed\": {},\n  \"failed\": {},\n"
      "  \"skipped\": {},\n  \"failures\": [{}],\n  \"measurements\": {{\n    {}\n  }}\n}}\n",
      quoted(report.device), quoted(TORCH_VERSION), report.passed, report.failed, report.skipped,
      fmt::join(failures, ", "), fmt::join(measured, ",\n    "));
}

void run(const Check& check, Machine& machine, Report& report) {
  const auto fail = [&](const std::string& why) {
    ++report.failed;
    report.failures.push_back(fmt::format("{}: {}", check.name, why));
    fmt::print("FAILED   {}: {}\n", check.name, why);
  };
  try {
    check.run(machine);
    ++report.passed;
    fmt::print("passed   {}\n", check.name);
  } catch (const Skipped& why) {
    ++report.skipped;
    fmt::print("skipped  {}: {}\n", check.name, why.what());
  } catch (const c10::Error& error) {
    fail(error.what_without_backtrace());
  } catch (const std::exception& error) {
    fail(error.what());
  }
  std::fflush(stdout);
}

bool parse(int argc, char** argv, Arguments& arguments) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--small")
      arguments.small = true;
    else if (word == "--device" && i + 1 < argc)
      arguments.device = argv[++i];
    else if (word == "--report" && i + 1 < argc)
      arguments.report = argv[++i];
    else
      return false;
  }
  return true;
}

int check_all(const Arguments& arguments) {
  std::array<char, 512> message{};
  const std::unique_ptr<DeviceRuntime> runtime(
      weft_make_device_runtime(arguments.device.c_str(), "auto", 0, message.data(), message.size()));
  if (!runtime) {
    fmt::print(stderr, "gpu_check: --device {}: {}\n", arguments.device, message.data());
    return 2;
  }
  fmt::print("{}\n", message.data());
  Machine machine{.runtime = *runtime, .device = runtime->devices().front(), .small = arguments.small};
  Report report{.device = message.data()};
  for (const Check& check : all_checks()) run(check, machine, report);
  fmt::print("{} passed, {} failed, {} skipped\n", report.passed, report.failed, report.skipped);
  if (!arguments.report.empty()) std::ofstream(arguments.report) << json(report, machine.numbers);
  return report.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace weft::gpu

int main(int argc, char** argv) {
  weft::gpu::Arguments arguments;
  if (!weft::gpu::parse(argc, argv, arguments)) {
    fmt::print(stderr, "usage: gpu_check [--device auto|cpu|cuda[:N]] [--small] [--report FILE]\n");
    return 2;
  }
  return weft::gpu::check_all(arguments);
}
