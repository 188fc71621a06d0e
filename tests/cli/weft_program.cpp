#include "tests/cli/weft_program.h"

#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>

#include <fstream>
#include <sstream>
#include <thread>

namespace weft::test {

namespace bp = boost::process;
namespace fs = std::filesystem;

namespace {

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

fs::path make_scratch() {
  std::string name = (fs::temp_directory_path() / "weft-cli-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("no scratch folder");
  fs::create_directories(fs::path(name) / "work");
  return fs::path(name) / "work";
}

/// Nothing of the machine that the tests run on may show through.
bp::environment environment_of(const fs::path& scratch, const Surrounding& surrounding) {
  bp::environment environment = boost::this_process::environment();
  environment["WEFT_PLUGIN_PATH"] = WEFT_TEST_PLUGINS;
  environment["XDG_DATA_HOME"] = (scratch.parent_path() / "data").string();
  environment.erase("WEFT_MODELS");
  for (const auto& [name, value] : surrounding.variables) environment[name] = value;
  return environment;
}

fs::path with_text(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

}  // namespace

RunningWeft::RunningWeft(
    const fs::path& scratch, const std::vector<std::string>& command, const Surrounding& surrounding)
    : out_(scratch.parent_path() / "stdout"), err_(scratch.parent_path() / "stderr") {
  const std::string input = with_text(scratch.parent_path() / "stdin", surrounding.input).string();
  const std::string output = with_text(out_, "").string(), errors = with_text(err_, "").string();
  child_ = bp::child(bp::args = command, bp::start_dir = scratch.string(), environment_of(scratch, surrounding),
      bp::std_in = input, bp::std_out = output, bp::std_err = errors);
}

RunningWeft::~RunningWeft() {
  if (child_.valid() && child_.running()) child_.terminate();
}

void RunningWeft::signal(int number) const { ::kill(child_.id(), number); }

void RunningWeft::await_error_text(const std::string& text) const {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (read(err_).find(text) == std::string::npos) {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up) << "stderr never held '" << text << "': " << read(err_);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

Outcome RunningWeft::wait() {
  child_.wait();
  const int status = child_.native_exit_code();
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read(out_), read(err_)};
}

WeftProgram::WeftProgram() : scratch_(make_scratch()) {}
WeftProgram::~WeftProgram() { fs::remove_all(scratch_.parent_path()); }

Outcome WeftProgram::command(const std::vector<std::string>& command, const Surrounding& surrounding) const {
  return RunningWeft(scratch_, command, surrounding).wait();
}

Outcome WeftProgram::weft(const std::vector<std::string>& arguments, const Surrounding& surrounding) const {
  std::vector<std::string> all = {WEFT_PROGRAM};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return command(all, surrounding);
}

std::unique_ptr<RunningWeft> WeftProgram::start(
    const std::vector<std::string>& arguments, const Surrounding& surrounding) const {
  std::vector<std::string> all = {WEFT_PROGRAM};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return std::make_unique<RunningWeft>(scratch_, all, surrounding);
}

std::string WeftProgram::file(const std::string& name, const std::string& text) const {
  fs::create_directories((scratch_ / name).parent_path());
  with_text(scratch_ / name, text);
  return name;
}

std::string WeftProgram::workflow(const std::string& nodes, const std::string& interface) const {
  return file("workflow.json", fmt::format(R"({{"weft": 1, "nodes": {}, "interface": {}}})", nodes, interface));
}

std::vector<std::string> WeftProgram::files_in(const std::string& folder) const {
  std::vector<std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(scratch_ / folder, none)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    nlohmann::json json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded()) ADD_FAILURE() << "not JSON: " << line;
    lines.push_back(std::move(json));
  }
  return lines;
}

}  // namespace weft::test
