// The parent's side of the checker: processes, time limits, verdicts.
#include "plugins/check.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <boost/process.hpp>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/foreign_json.h"
#include "plugins/check_protocol.h"
#include "plugins/manifest.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
namespace process = boost::process;
using Verdict = CheckResult::Verdict;
using std::chrono::steady_clock;

constexpr std::array kVerdicts{Verdict::Pass, Verdict::Warning, Verdict::Fail, Verdict::Skipped};

/// An empty folder for a test's files; goes with its content.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "weft-check-XXXXXX").string();
    if (!mkdtemp(name.data()))
      throw PluginError(fmt::format("no folder can be made in {}", fs::temp_directory_path().string()));
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct ChildEnd {
  bool in_time = false;
  int status = 0;  ///< as waitpid() gives it
};

ChildEnd run_child(const std::vector<std::string>& command, const fs::path& folder, std::chrono::seconds limit) {
  process::child child(command.front(), process::args(std::vector(command.begin() + 1, command.end())),
      process::start_dir(folder.string()), process::std_in = process::null,
      process::std_out = (folder / "stdout").string(), process::std_err = (folder / "stderr").string());
  const auto deadline = steady_clock::now() + limit;
  while (child.running()) {
    if (steady_clock::now() > deadline) {
      child.terminate();
      return {};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return {true, child.native_exit_code()};
}

/// What stands behind the last line that begins with `mark`.
std::string last_marked(const fs::path& file, std::string_view mark) {
  std::ifstream lines(file);
  std::string found;
  for (std::string line; std::getline(lines, line);) {
    if (const std::size_t at = line.find(mark); at != std::string::npos) found = line.substr(at + mark.size());
  }
  return found;
}

std::string last_line(const fs::path& file) { return last_marked(file, ""); }

std::string how_it_ended(const ChildEnd& end, std::chrono::seconds limit) {
  if (!end.in_time) return fmt::format("did not end within {} s", limit.count());
  if (WIFSIGNALED(end.status)) return fmt::format("crashed ({})", strsignal(WTERMSIG(end.status)));
  return fmt::format("ended the process (exit code {})", WEXITSTATUS(end.status));
}

CheckResult without_result(
    const std::string& test, const ChildEnd& end, const fs::path& folder, std::chrono::seconds limit) {
  const std::string at = last_marked(folder / "stdout", check_protocol::kAt);
  const std::string said = last_line(folder / "stderr");
  return {test, Verdict::Fail,
      {fmt::format("{} {}{}", at.empty() ? "the plugin" : at, how_it_ended(end, limit),
          said.empty() ? "" : fmt::format("; it said: {}", said))}};
}

Verdict verdict_named(const std::string& name) {
  for (Verdict verdict : kVerdicts) {
    if (name == name_of(verdict)) return verdict;
  }
  return Verdict::Fail;
}

CheckResult run_test(const fs::path& library, const std::string& test, const CheckOptions& options) {
  const TemporaryFolder folder;
  std::vector<std::string> command = options.child;
  command.insert(command.end(), {library.string(), test});
  const ChildEnd end = run_child(command, folder.path(), options.limit);
  const auto result = foreign_json_or_null(last_marked(folder.path() / "stdout", check_protocol::kResult));
  if (!end.in_time || end.status != 0 || !result.is_object())
    return without_result(test, end, folder.path(), options.limit);
  return {test, verdict_named(result.at("verdict")), result.at("findings")};
}

/// The plugin's library, whichever of its two files is given.
fs::path library_of(const fs::path& file) {
  if (!fs::is_regular_file(file))
    throw PluginError(fmt::format("there is no file {}", file.string()), "give a plugin's library or its manifest");
  const fs::path whole = fs::absolute(file);
  return file.filename().string().ends_with(kManifestSuffix) ? whole.parent_path() / read_manifest(whole).library
                                                             : whole;
}

}  // namespace

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Pass:
      return "pass";
    case Verdict::Warning:
      return "warning";
    case Verdict::Fail:
      return "fail";
    case Verdict::Skipped:
      return "skipped";
  }
  return "";
}

void to_json(nlohmann::json& json, const CheckResult& result) {
  json = {{"test", result.test}, {"verdict", name_of(result.verdict)}, {"findings", result.findings}};
}

std::vector<CheckResult> check_plugin(const fs::path& file, const CheckOptions& options) {
  const fs::path library = library_of(file);
  std::vector<CheckResult> results;
  for (const CheckTest& test : check_tests()) {
    const bool opens = results.empty() || results.front().verdict != Verdict::Fail;
    results.push_back(opens ? run_test(library, test.name, options)
                            : CheckResult{test.name, Verdict::Skipped, {"the plugin does not open"}});
  }
  return results;
}

bool all_passed(const std::vector<CheckResult>& results) {
  return std::ranges::none_of(results, [](const CheckResult& result) { return result.verdict == Verdict::Fail; });
}

}  // namespace weft
