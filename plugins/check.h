// The plugin checker behind `weft plugin check`: a row of tests, each in a process of its own with a time
// limit, so that a plugin which crashes or hangs is named and the rest is still told. Usable in an author's
// CI.
//
// Rationale: what a host cannot see from a manifest decides whether a plugin is pleasant to have: does it
// swallow a cancel, give other results when four threads call it, crash on a text that nobody thought of?
// (Learned from clap-validator and pluginval.)
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/export.h"

namespace weft {

struct CheckResult {
  enum class Verdict : std::uint8_t {
    Pass,
    Warning,  ///< works, but its users will miss something
    Fail,
    Skipped,  ///< could not be tried; the findings say why
  };
  std::string test;  ///< "cancel"
  Verdict verdict = Verdict::Pass;
  std::vector<std::string> findings;  ///< sentences; also of a pass, where part of it was skipped
};

WEFT_EXPORT const char* name_of(CheckResult::Verdict verdict);  ///< "pass", "warning", "fail", "skipped"
WEFT_EXPORT void to_json(nlohmann::json& json, const CheckResult& result);

struct CheckTest {
  std::string name;
  std::string question;  ///< what it asks, for people
};
WEFT_EXPORT std::vector<CheckTest> check_tests();  ///< in the order in which they run

struct CheckOptions {
  /// How a test's process is started: a program (its whole path), words for it, then the library and the
  /// test's name. The program calls check_one().
  std::vector<std::string> child = {"/proc/self/exe", "plugin", "check-one"};
  std::chrono::seconds limit{60};  ///< of each test
};

/// Runs every test on a plugin, given by its library or its manifest. If it does not even open, the rest is
/// skipped. Throws PluginError if there is no such file.
WEFT_EXPORT std::vector<CheckResult> check_plugin(const std::filesystem::path& file, const CheckOptions& options = {});

/// False if any test failed: what the exit code is made of. Warnings do not count.
WEFT_EXPORT bool all_passed(const std::vector<CheckResult>& results);

/// The child's side: runs one test in this process and prints the result to stdout, for check_plugin() to
/// read. Returns the exit code: 0, or 2 if there is no such test.
WEFT_EXPORT int check_one(const std::filesystem::path& library, const std::string& test);

}  // namespace weft
